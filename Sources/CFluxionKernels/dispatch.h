// The table of kernels that each instruction set provides, and the choice among the tables.
#ifndef FX_DISPATCH_H
#define FX_DISPATCH_H

#include "fluxion_kernels.h"

// Every public kernel: result, name, parameters, arguments. The table below and the public functions (dispatch.c) are
// generated from this list; each path defines `fx_path_<name>`.
#define FX_KERNELS(KERNEL)                                                                                            \
  KERNEL(void, sgemm_ep,                                                                                              \
         (int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,         \
          float beta, float *c, int ldc, const fx_epilogue *epilogue, void *scratch),                                 \
         (ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, epilogue, scratch))                                   \
  KERNEL(size_t, sgemm_scratch_bytes, (int ta, int tb, int m, int n, int k), (ta, tb, m, n, k))                       \
  KERNEL(void, conv2d,                                                                                                \
         (const fx_conv *shape, const float *x, const float *filter, const fx_epilogue *epilogue, float *y,           \
          void *scratch),                                                                                             \
         (shape, x, filter, epilogue, y, scratch))                                                                    \
  KERNEL(size_t, conv2d_scratch_bytes, (const fx_conv *shape), (shape))                                               \
  KERNEL(void, conv2d_input_gradient,                                                                                 \
         (const fx_conv *shape, const float *dy, const float *filter, float *dx, void *scratch),                      \
         (shape, dy, filter, dx, scratch))                                                                            \
  KERNEL(size_t, conv2d_input_gradient_scratch_bytes, (const fx_conv *shape), (shape))                                \
  KERNEL(void, conv2d_filter_gradient,                                                                                \
         (const fx_conv *shape, const float *x, const float *dy, float alpha, float beta, float *dfilter,             \
          void *scratch),                                                                                             \
         (shape, x, dy, alpha, beta, dfilter, scratch))                                                               \
  KERNEL(size_t, conv2d_filter_gradient_scratch_bytes, (const fx_conv *shape), (shape))                               \
  KERNEL(void, max_pool, (const fx_pool *shape, const float *x, float *y), (shape, x, y))                             \
  KERNEL(void, max_pool_scatter, (const fx_pool *shape, const float *x, const float *g, float *dx),                   \
         (shape, x, g, dx))                                                                                           \
  KERNEL(void, max_pool_gather, (const fx_pool *shape, const float *x, const float *v, float *y), (shape, x, v, y))   \
  KERNEL(void, avg_pool, (const fx_pool *shape, const float *x, float *y), (shape, x, y))                             \
  KERNEL(void, avg_pool_gradient, (const fx_pool *shape, const float *g, float *dx), (shape, g, dx))                  \
  KERNEL(void, log_softmax, (int64_t rows, int64_t n, const float *x, float *y), (rows, n, x, y))                     \
  KERNEL(void, softmax, (int64_t rows, int64_t n, const float *x, float *y), (rows, n, x, y))                         \
  KERNEL(void, softmax_xent,                                                                                          \
         (int64_t rows, int64_t n, const float *logits, const int32_t *labels, float *loss),                          \
         (rows, n, logits, labels, loss))                                                                             \
  KERNEL(void, softmax_xent_grad,                                                                                     \
         (int64_t rows, int64_t n, const float *logits, const int32_t *labels, const float *g, int g_stride,          \
          float *dlogits),                                                                                            \
         (rows, n, logits, labels, g, g_stride, dlogits))                                                             \
  KERNEL(void, elementwise,                                                                                           \
         (const fx_ew_program *program, const float *const *_Nullable inputs, float *const *outputs),                 \
         (program, inputs, outputs))                                                                                  \
  KERNEL(void, reduce,                                                                                                \
         (int op, int64_t outer, int64_t mid, int64_t inner, const float *x, float *y),                               \
         (op, outer, mid, inner, x, y))                                                                               \
  KERNEL(void, strided_copy,                                                                                          \
         (int rank, const int64_t *_Nullable dims, const int64_t *_Nullable src_strides,                              \
          const int64_t *_Nullable dst_strides, const float *src, float *dst),                                        \
         (rank, dims, src_strides, dst_strides, src, dst))                                                            \
  KERNEL(void, gather_rows_u8,                                                                                        \
         (const uint8_t *data, int64_t row_len, const int32_t *idx, int64_t rows, const float *scale,                 \
          int scale_stride, const float *shift, int shift_stride, float *out),                                        \
         (data, row_len, idx, rows, scale, scale_stride, shift, shift_stride, out))                                   \
  KERNEL(void, gather_rows_f32,                                                                                       \
         (const float *data, int64_t row_len, const int32_t *idx, int64_t rows, const float *scale,                   \
          int scale_stride, const float *shift, int shift_stride, float *out),                                        \
         (data, row_len, idx, rows, scale, scale_stride, shift, shift_stride, out))                                   \
  KERNEL(void, philox_uniform,                                                                                        \
         (uint32_t key_low, uint32_t key_high, uint64_t stream, int64_t n, float *out),                               \
         (key_low, key_high, stream, n, out))                                                                         \
  KERNEL(float, accumulate,                                                                                           \
         (int64_t n, const float *x, const float *_Nullable base, double weight_scale, int64_t *acc),                 \
         (n, x, base, weight_scale, acc))                                                                             \
  KERNEL(int, accumulate_many,                                                                                        \
         (int64_t n, int count, const float *const *x, int64_t offset, const double *weight_scale, int64_t *acc,      \
          float *top),                                                                                                \
         (n, count, x, offset, weight_scale, acc, top))                                                               \
  KERNEL(void, accumulate_finish, (int64_t n, const int64_t *acc, double scale, float *out), (n, acc, scale, out))    \
  KERNEL(int, all_finite, (int64_t n, const float *x), (n, x))

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

/// The system's BLAS, single-threaded: C = alpha * op(A) op(B) + beta * C.
void fx_blas_sgemm(int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
                   float beta, float *c, int ldc);

#pragma clang diagnostic pop

#endif
