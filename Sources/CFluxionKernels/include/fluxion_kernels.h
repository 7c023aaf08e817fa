// The numeric kernels under the tensor executor.
//
// Every function is single-threaded, re-entrant and allocates nothing: a kernel that needs memory takes `scratch`,
// whose size its `..._scratch_bytes` function tells (it may be zero; `scratch` may then be NULL). Scratch needs no
// particular alignment and no initialisation. Arrays are dense and row-major, images NHWC, filters HWIO
// ([kh, kw, c, f]). Buffers must not overlap unless a function says so. Sizes are trusted: check them before.
//
// The same source is compiled for AVX-512, AVX2 and the baseline of the architecture, and the widest set that the
// processor has is chosen at run time. Results are bit-identical between runs on one instruction set.
#ifndef FLUXION_KERNELS_H
#define FLUXION_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma clang assume_nonnull begin

// MARK: - Choice of instruction set

/// The instruction sets that kernels are compiled for.
enum { FX_PATH_AUTO = 0, FX_PATH_PORTABLE = 1, FX_PATH_AVX2 = 2, FX_PATH_AVX512 = 3 };

/// Chooses the instruction set of the calling thread, for tests. Returns 0, or -1 (and changes nothing) when this
/// machine has not got it. Scratch is to be sized under the path that uses it.
int fx_set_path(int path);

/// "avx512", "avx2" or "portable".
const char *fx_path_name(void);

// MARK: - Matrix product

/// What happens to each element of a product before it is stored: `+ bias[column]`, then `max(0, .)`.
typedef struct fx_epilogue {
  const float *_Nullable bias;
  int relu;
} fx_epilogue;

/// C[m,n] = alpha * op(A)[m,k] op(B)[k,n] + beta * C, where op transposes if `ta` (`tb`) is non-zero.
/// C is not read when beta is 0.
void fx_sgemm(int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
              float beta, float *c, int ldc, void *_Nullable scratch);

/// `fx_sgemm` followed by the epilogue (NULL: none).
void fx_sgemm_ep(int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
                 float beta, float *c, int ldc, const fx_epilogue *_Nullable epilogue, void *_Nullable scratch);

size_t fx_sgemm_scratch_bytes(int ta, int tb, int m, int n, int k);

// MARK: - Convolution

/// y[n,oh,ow,f] = x[n,h,w,c] convolved with filter[kh,kw,c,f]: output (i, j) reads input rows
/// i*sh - pt ..< i*sh - pt + kh, and columns likewise; positions outside the image are zero. (oh - 1)*sh + kh is at
/// most pt + h + pb, and so for columns; padding is not negative.
typedef struct fx_conv {
  int n, h, w, c;
  int kh, kw, f;
  int sh, sw;
  int pt, pb, pl, pr;
  int oh, ow;
} fx_conv;

void fx_conv2d(const fx_conv *shape, const float *x, const float *filter, const fx_epilogue *_Nullable epilogue,
               float *y, void *_Nullable scratch);
size_t fx_conv2d_scratch_bytes(const fx_conv *shape);

/// dx[n,h,w,c] = gradient of sum(y * dy) by x.
void fx_conv2d_input_gradient(const fx_conv *shape, const float *dy, const float *filter, float *dx,
                              void *_Nullable scratch);
size_t fx_conv2d_input_gradient_scratch_bytes(const fx_conv *shape);

/// dfilter[kh,kw,c,f] = alpha * (gradient of sum(y * dy) by filter) + beta * dfilter.
void fx_conv2d_filter_gradient(const fx_conv *shape, const float *x, const float *dy, float alpha, float beta,
                               float *dfilter, void *_Nullable scratch);
size_t fx_conv2d_filter_gradient_scratch_bytes(const fx_conv *shape);

// MARK: - Pooling

/// Windows of kh × kw over x[n,h,w,c]; the result is [n,oh,ow,c].
typedef struct fx_pool {
  int n, h, w, c;
  int kh, kw;
  int sh, sw;
  int pt, pb, pl, pr;
  int oh, ow;
} fx_pool;

/// Padding never wins; a window wholly inside the padding gives -infinity.
void fx_max_pool(const fx_pool *shape, const float *x, float *y);

/// dx[n,h,w,c]: g[n,oh,ow,c] goes to the first maximum of each window of x, in row-major order; dx is written whole.
void fx_max_pool_scatter(const fx_pool *shape, const float *x, const float *g, float *dx);

/// y[n,oh,ow,c]: v[n,h,w,c] at the first maximum of each window of x (0 for a window wholly inside the padding).
void fx_max_pool_gather(const fx_pool *shape, const float *x, const float *v, float *y);

/// Padding counts as zeros; the divisor is always kh * kw.
void fx_avg_pool(const fx_pool *shape, const float *x, float *y);
void fx_avg_pool_gradient(const fx_pool *shape, const float *g, float *dx);

// MARK: - Softmax, over the rows of [rows, n]

/// x and y may be the same.
void fx_log_softmax(int64_t rows, int64_t n, const float *x, float *y);
void fx_softmax(int64_t rows, int64_t n, const float *x, float *y);

/// loss[row] = log(sum(exp(logits[row]))) - logits[row, label]. A label outside 0..<n gives NaN.
void fx_softmax_xent(int64_t rows, int64_t n, const float *logits, const int32_t *labels, float *loss);

/// dlogits = (softmax(logits) - onehot(labels)) * g[row * g_stride], g_stride 0 or 1; dlogits may be logits.
/// A label outside 0..<n gives a row of NaN.
void fx_softmax_xent_grad(int64_t rows, int64_t n, const float *logits, const int32_t *labels, const float *g,
                          int g_stride, float *dlogits);

// MARK: - Fused elementwise programs

enum {
  // dst = f(a)
  FX_EW_COPY = 0,
  FX_EW_NEG,
  FX_EW_EXP,
  FX_EW_LOG,
  FX_EW_LOG1P,
  FX_EW_TANH,
  FX_EW_SIGMOID,
  FX_EW_RELU,
  FX_EW_SQRT,
  FX_EW_RSQRT,
  FX_EW_RECIPROCAL,
  FX_EW_ABS,
  FX_EW_SIGN,  // -1, 0 (for both zeros), 1; NaN stays NaN
  FX_EW_ERF,
  FX_EW_SIN,
  FX_EW_COS,
  FX_EW_FLOOR,
  FX_EW_SQUARE,
  FX_EW_SOFTPLUS,  // log(1 + exp(a))
  // dst = f(a, b)
  FX_EW_ADD,
  FX_EW_SUB,
  FX_EW_MUL,
  FX_EW_DIV,
  FX_EW_POW,
  FX_EW_MAX,  // NaN if either is NaN
  FX_EW_MIN,  // NaN if either is NaN
  FX_EW_LESS,  // comparisons give 1 or 0
  FX_EW_LESS_EQUAL,
  FX_EW_EQUAL,
  // dst = f(a, b, c)
  FX_EW_SELECT,  // a != 0 ? b : c
  FX_EW_FMA,  // a * b + c
  // dst = imm
  FX_EW_CONST,
  FX_EW_OPERATIONS,
};

enum { FX_EW_MAX_RANK = 6, FX_EW_MAX_REGISTERS = 24 };

typedef struct fx_ew_instruction {
  uint8_t op, dst, a, b, c;
  float imm;
} fx_ew_instruction;

/// A straight-line program that is applied to every position of a loop nest `dims[0..<rank]`.
///
/// Registers 0..<inputs hold the inputs and must not be written; the others (up to FX_EW_MAX_REGISTERS in all) hold
/// intermediate values and may be written again. Output `o` is the value that register `output_registers[o]` has at
/// the end, stored contiguously in the order of the nest (an input register copies that input).
typedef struct fx_ew_program {
  int rank;  // 0...6; adjacent dimensions should be merged where all strides allow it
  int64_t dims[6];
  int inputs;
  const int64_t *_Nullable input_strides;  // [inputs, rank], in elements, 0 where broadcast
  int outputs;
  const uint8_t *output_registers;  // [outputs]
  int instruction_count;
  const fx_ew_instruction *_Nullable instructions;
} fx_ew_program;

/// An output may be the same buffer as an input that is contiguous over the whole nest.
void fx_elementwise(const fx_ew_program *program, const float *_Nonnull const *_Nullable inputs,
                    float *_Nonnull const *_Nonnull outputs);

// MARK: - Reductions

enum { FX_REDUCE_SUM = 0, FX_REDUCE_MAX = 1 };

/// y[outer, inner] = x[outer, mid, inner] reduced over mid. An empty sum is 0, an empty maximum -infinity, and a
/// maximum over a NaN is NaN.
void fx_reduce(int op, int64_t outer, int64_t mid, int64_t inner, const float *x, float *y);

// MARK: - Moving elements

/// dst[i·dst_strides] = src[i·src_strides] for every index i of `dims` (any 4-byte type; strides in elements, those of
/// src may be 0 or negative). Rank 0...8.
void fx_strided_copy(int rank, const int64_t *_Nullable dims, const int64_t *_Nullable src_strides,
                     const int64_t *_Nullable dst_strides, const float *src, float *dst);

/// out[r, j] = data[idx[r], j] * scale[j * scale_stride] + shift[j * shift_stride], each operation rounded by itself. A
/// stride is 1 for a number for each column, 0 for one number.
void fx_gather_rows_u8(const uint8_t *data, int64_t row_len, const int32_t *idx, int64_t rows, const float *scale,
                       int scale_stride, const float *shift, int shift_stride, float *out);
void fx_gather_rows_f32(const float *data, int64_t row_len, const int32_t *idx, int64_t rows, const float *scale,
                        int scale_stride, const float *shift, int shift_stride, float *out);

// MARK: - Random numbers

/// Uniform in [0, 1): element i is lane i % 4 of Philox4x32-10 (Salmon et al. 2011) of the counter (i / 4, stream),
/// as (bits >> 8) * 2^-24.
void fx_philox_uniform(uint32_t key_low, uint32_t key_high, uint64_t stream, int64_t n, float *out);

// MARK: - Exact accumulation

/// acc[i] += ((x[i] - base[i]) * weight_scale rounded to nearest, ties to even): the difference in float, the product in
/// double, and integers, whose sum is the same in any order. No base is a base of zeros. Returns the largest
/// |x[i] - base[i]|, NaN if any is NaN; where that times |weight_scale| is not below 2^51, nothing is added.
float fx_accumulate(int64_t n, const float *x, const float *_Nullable base, double weight_scale, int64_t *acc);

/// Adds n elements of each of `count` vectors, from `offset` on, as `fx_accumulate` does one without a base; sums are
/// read and written once for four vectors. Raises top[k] to the largest |x[k][offset + i]| (NaN if any is NaN). Returns 1,
/// or 0 where a top[k] times |weight_scale[k]| is not below 2^51, and then nothing is added of any.
int fx_accumulate_many(int64_t n, int count, const float *_Nonnull const *_Nonnull x, int64_t offset,
                       const double *weight_scale, int64_t *acc, float *top);

/// out[i] = (float)((double)acc[i] * scale).
void fx_accumulate_finish(int64_t n, const int64_t *acc, double scale, float *out);

/// 1 if no element is infinite or NaN.
int fx_all_finite(int64_t n, const float *x);

#pragma clang assume_nonnull end
#ifdef __cplusplus
}
#endif
#endif
