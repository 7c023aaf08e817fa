#include "fluxion_kernels.h"
