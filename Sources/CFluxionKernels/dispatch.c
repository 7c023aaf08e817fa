// Chooses the instruction set at run time, and forwards every public function to it.
#include "dispatch.h"

#include <stdatomic.h>

static _Atomic(const fx_kernels *) active;

static const fx_kernels *widest(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
    return &fx_kernels_avx512;
  if (avx2) return &fx_kernels_avx2;
#endif
  return &fx_kernels_portable;
}

// A test's choice holds for its own thread: scratch that another thread has sized for one path stays with that path.
static _Thread_local const fx_kernels *forced;

static const fx_kernels *kernels(void) {
  if (__builtin_expect(forced != NULL, 0)) return forced;
  // Two threads that race here store the same pointer.
  const fx_kernels *chosen = atomic_load_explicit(&active, memory_order_relaxed);
  if (__builtin_expect(!chosen, 0)) {
    chosen = widest();
    atomic_store_explicit(&active, chosen, memory_order_relaxed);
  }
  return chosen;
}

int fx_set_path(int path) {
  const fx_kernels *best = widest(), *chosen = NULL;
  if (path == FX_PATH_PORTABLE) chosen = &fx_kernels_portable;
#if defined(__x86_64__)
  if (path == FX_PATH_AVX512 && best == &fx_kernels_avx512) chosen = best;
  if (path == FX_PATH_AVX2 && best != &fx_kernels_portable) chosen = &fx_kernels_avx2;
#endif
  (void)best;
  if (!chosen && path != FX_PATH_AUTO) return -1;
  forced = chosen;
  return 0;
}

const char *fx_path_name(void) { return kernels()->name; }

#define FX_FORWARD(result, name, parameters, arguments) \
  result fx_##name parameters { return kernels()->name arguments; }
FX_KERNELS(FX_FORWARD)

void fx_sgemm(int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
              float beta, float *c, int ldc, void *scratch) {
  kernels()->sgemm_ep(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, NULL, scratch);
}
