// What a benchmark needs from below Swift: a count of heap allocations, and a plain read of memory.
#ifndef FLUXION_BENCHMARK_H
#define FLUXION_BENCHMARK_H

#include <stdint.h>

/// Heap allocations of this process so far, by any thread; -1 where they cannot be counted (elsewhere than on glibc).
int64_t benchmark_allocations(void);

/// The sum of n floats, in vectors: as fast as memory can be read.
float benchmark_read(int64_t n, const float *_Nonnull x);

#endif
