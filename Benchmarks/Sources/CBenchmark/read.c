#include "benchmark.h"

typedef float vector __attribute__((vector_size(16)));

float benchmark_read(int64_t n, const float *x) {
  vector sums[8] = {};
  for (int64_t i = 0; i + 32 <= n; i += 32)
    for (int k = 0; k < 8; k++) {
      vector v;
      __builtin_memcpy(&v, x + i + 4 * k, sizeof v);
      sums[k] += v;
    }
  float sum = 0;
  for (int k = 0; k < 8; k++) sum += sums[k][0] + sums[k][1] + sums[k][2] + sums[k][3];
  return sum;
}
