// The kernels for x86-64 with AVX2 and FMA (Intel from Haswell, AMD from Zen).
#include "dispatch.h"
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#define FX_AVX2 1
#define FX_W 8
#define FX_PATH_TABLE fx_kernels_avx2
#define FX_PATH_NAME "avx2"
#pragma clang attribute push(__attribute__((target("fma,avx2,bmi2"))), apply_to = function)
#include "vector/path.h"
#pragma clang attribute pop
#endif
