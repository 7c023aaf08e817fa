// The system's BLAS for large products: OpenBLAS on Linux, Accelerate on Apple's platforms.
#include "dispatch.h"

#if defined(__APPLE__)
#define ACCELERATE_NEW_LAPACK
#include <Accelerate/Accelerate.h>
static void prepare(void) {}
#else
#include <cblas.h>
#include <pthread.h>
// One thread each: the callers are the threads.
static void limit(void) { openblas_set_num_threads(1); }
static void prepare(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, limit);
}
#endif

void fx_blas_sgemm(int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
                   float beta, float *c, int ldc) {
  prepare();
  cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, m, n, k, alpha, a, lda, b,
              ldb, beta, c, ldc);
}
