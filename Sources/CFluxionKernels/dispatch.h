// The table of kernels that each instruction set provides, and the choice among the tables.
#ifndef FX_DISPATCH_H
#define FX_DISPATCH_H

#include "fluxion_kernels.h"

// Every public kernel: result, name, parameters, arguments. The table below and the public functions (dispatch.c) are
// generated from this list; each path defines `fx_path_<name>`.
#define FX_KERNELS(KERNEL)                                                                                          \
  KERNEL(void, sgemm_ep,                                                                                            \
         (int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,       \
          float beta, float *c, int ldc, const fx_epilogue *epilogue, void *scratch),                               \
         (ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, epilogue, scratch))                                 \
  KERNEL(size_t, sgemm_scratch_bytes, (int ta, int tb, int m, int n, int k), (ta, tb, m, n, k))                     \
  KERNEL(void, conv2d,                                                                                              \
         (const fx_conv *shape, const float *x, const float *filter, const fx_epilogue *epilogue, float *y,         \
          void *scratch),                                                                                           \
         (shape, x, filter, epilogue, y, scratch))                                                                  \
  KERNEL(size_t, conv2d_scratch_bytes, (const fx_conv *shape), (shape))                                             \
  KERNEL(void, conv2d_input_gradient,                                                                               \
         (const fx_conv *shape, const float *dy, const float *filter, float *dx, void *scratch),                    \
         (shape, dy, filter, dx, scratch))                                                                          \
  KERNEL(size_t, conv2d_input_gradient_scratch_bytes, (const fx_conv *shape), (shape))                              \
  KERNEL(void, conv2d_filter_gradient,                                                                              \
         (const fx_conv *shape, const float *x, const float *dy, float alpha, float beta, float *dfilter,           \
          void *scratch),                                                                                           \
         (shape, x, dy, alpha, beta, dfilter, scratch))                                                             \
  KERNEL(size_t, conv2d_filter_gradient_scratch_bytes, (const fx_conv *shape), (shape))

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-completeness"
typedef struct fx_kernels {
  const char *name;
#define FX_FIELD(result, name, parameters, arguments) result(*name) parameters;
  FX_KERNELS(FX_FIELD)
#undef FX_FIELD
} fx_kernels;

extern const fx_kernels fx_kernels_portable;
#if defined(__x86_64__)
extern const fx_kernels fx_kernels_avx2;
extern const fx_kernels fx_kernels_avx512;
#endif
#pragma clang diagnostic pop

/// The system's BLAS, single-threaded: C = alpha * op(A) op(B) + beta * C.
void fx_blas_sgemm(int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
                   float beta, float *c, int ldc);

#endif
