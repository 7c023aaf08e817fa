// The kernels for x86-64 with AVX-512 (Intel from Skylake-SP, AMD from Zen 4).
#include "dispatch.h"
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#define FX_AVX512 1
#define FX_W 16
#define FX_PATH_TABLE fx_kernels_avx512
#define FX_PATH_NAME "avx512"
#define FX_TARGET "avx512f,avx512dq,avx512bw,avx512vl,fma,avx2,bmi2"
#pragma clang attribute push(__attribute__((target(FX_TARGET))), apply_to = function)
#include "vector/path.h"
#pragma clang attribute pop
#endif
