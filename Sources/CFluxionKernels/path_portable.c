// The kernels for what every processor of the architecture has: NEON on ARM, SSE2 on x86-64.
#include "dispatch.h"

#include <math.h>
#include <string.h>

#define FX_W 4
#define FX_PATH_TABLE fx_kernels_portable
#define FX_PATH_NAME "portable"
#include "vector/path.h"
