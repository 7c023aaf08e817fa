// All kernels for one instruction set; a path_*.c file says which, and includes this.
#include "simd.h"
#include "functions.h"
#include "copy.h"
#include "tile.h"
#include "gemm.h"
#include "frame.h"
#include "winograd.h"
#include "conv2d.h"
#include "pool.h"
#include "softmax.h"
#include "elementwise.h"
#include "reduce.h"
#include "random.h"
#include "accumulate.h"

#define FX_ENTRY(result, name, parameters, arguments) .name = fx_path_##name,
const fx_kernels FX_PATH_TABLE = {.name = FX_PATH_NAME, FX_KERNELS(FX_ENTRY)};
#undef FX_ENTRY
