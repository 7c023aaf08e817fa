// Every kernel written plainly.
#include "fluxion_kernels.h"

#include <math.h>
#include <string.h>

// The index in x of the first maximum of a window's channel, -1 if the window is all padding.
static int64_t first_maximum(const fx_pool *s, const float *x, int in, int i, int j, int c) {
  int64_t best = -1;
  for (int u = 0; u < s->kh; u++)
    for (int v = 0; v < s->kw; v++) {
      int row = i * s->sh - s->pt + u, col = j * s->sw - s->pl + v;
      if (row < 0 || row >= s->h || col < 0 || col >= s->w) continue;
      int64_t at = (((int64_t)in * s->h + row) * s->w + col) * s->c + c;
      if (best < 0 || x[at] > x[best]) best = at;
    }
  return best;
}
#define FOR_EACH_WINDOW(s, body)                \
  for (int in = 0; in < (s)->n; in++)           \
    for (int i = 0; i < (s)->oh; i++)           \
      for (int j = 0; j < (s)->ow; j++)         \
        for (int c = 0; c < (s)->c; c++, yi++) { \
          body                                  \
        }
void fx_max_pool(const fx_pool *s, const float *x, float *y) {
  int64_t yi = 0;
  FOR_EACH_WINDOW(s, {
    int64_t at = first_maximum(s, x, in, i, j, c);
    y[yi] = at < 0 ? -INFINITY : x[at];
  })
}
void fx_max_pool_scatter(const fx_pool *s, const float *x, const float *g, float *dx) {
  memset(dx, 0, (size_t)((int64_t)s->n * s->h * s->w * s->c) * sizeof(float));
  int64_t yi = 0;
  FOR_EACH_WINDOW(s, {
    int64_t at = first_maximum(s, x, in, i, j, c);
    if (at >= 0) dx[at] += g[yi];
  })
}
void fx_max_pool_gather(const fx_pool *s, const float *x, const float *v, float *y) {
  int64_t yi = 0;
  FOR_EACH_WINDOW(s, {
    int64_t at = first_maximum(s, x, in, i, j, c);
    y[yi] = at < 0 ? 0 : v[at];
  })
}
#define FOR_EACH_IN_WINDOW(body)                                                        \
  for (int u = 0; u < s->kh; u++)                                                       \
    for (int v = 0; v < s->kw; v++) {                                                   \
      int row = i * s->sh - s->pt + u, col = j * s->sw - s->pl + v;                     \
      if (row < 0 || row >= s->h || col < 0 || col >= s->w) continue;                   \
      int64_t at = (((int64_t)in * s->h + row) * s->w + col) * s->c + c;                \
      body                                                                              \
    }
void fx_avg_pool(const fx_pool *s, const float *x, float *y) {
  int64_t yi = 0;
  FOR_EACH_WINDOW(s, {
    float sum = 0;
    FOR_EACH_IN_WINDOW({ sum += x[at]; })
    y[yi] = sum / (float)(s->kh * s->kw);
  })
}
void fx_avg_pool_gradient(const fx_pool *s, const float *g, float *dx) {
  memset(dx, 0, (size_t)((int64_t)s->n * s->h * s->w * s->c) * sizeof(float));
  int64_t yi = 0;
  FOR_EACH_WINDOW(s, { FOR_EACH_IN_WINDOW({ dx[at] += g[yi] / (float)(s->kh * s->kw); }) })
}

static float log_sum_exp(int64_t n, const float *x) {
  float top = -INFINITY, sum = 0;
  for (int64_t j = 0; j < n; j++) top = x[j] > top || x[j] != x[j] ? x[j] : top;
  for (int64_t j = 0; j < n; j++) sum += expf(x[j] - top);
  return top + logf(sum);
}
void fx_log_softmax(int64_t rows, int64_t n, const float *x, float *y) {
  for (int64_t r = 0; r < rows; r++) {
    float all = log_sum_exp(n, x + r * n);
    for (int64_t j = 0; j < n; j++) y[r * n + j] = x[r * n + j] - all;
  }
}
void fx_softmax(int64_t rows, int64_t n, const float *x, float *y) {
  fx_log_softmax(rows, n, x, y);
  for (int64_t i = 0; i < rows * n; i++) y[i] = expf(y[i]);
}
void fx_softmax_xent(int64_t rows, int64_t n, const float *logits, const int32_t *labels, float *loss) {
  for (int64_t r = 0; r < rows; r++)
    loss[r] = labels[r] >= 0 && labels[r] < n ? log_sum_exp(n, logits + r * n) - logits[r * n + labels[r]] : NAN;
}
void fx_softmax_xent_grad(int64_t rows, int64_t n, const float *logits, const int32_t *labels, const float *g,
                          int g_stride, float *dlogits) {
  fx_softmax(rows, n, logits, dlogits);
  for (int64_t r = 0; r < rows; r++) {
    int valid = labels[r] >= 0 && labels[r] < n;
    if (valid) dlogits[r * n + labels[r]] -= 1;
    for (int64_t j = 0; j < n; j++) dlogits[r * n + j] *= valid ? g[r * g_stride] : NAN;
  }
}

static float apply(const fx_ew_instruction *at, float a, float b, float c) {
  switch (at->op) {
    case FX_EW_COPY: return a;
    case FX_EW_NEG: return -a;
    case FX_EW_EXP: return expf(a);
    case FX_EW_LOG: return logf(a);
    case FX_EW_LOG1P: return log1pf(a);
    case FX_EW_TANH: return tanhf(a);
    case FX_EW_SIGMOID: return a >= 0 ? 1 / (1 + expf(-a)) : expf(a) / (1 + expf(a));
    case FX_EW_RELU: return a < 0 ? 0 : a;
    case FX_EW_SQRT: return sqrtf(a);
    case FX_EW_RSQRT: return 1 / sqrtf(a);
    case FX_EW_RECIPROCAL: return 1 / a;
    case FX_EW_ABS: return fabsf(a);
    case FX_EW_SIGN: return a > 0 ? 1 : a < 0 ? -1 : a == 0 ? 0 : a;
    case FX_EW_ERF: return erff(a);
    case FX_EW_SIN: return sinf(a);
    case FX_EW_COS: return cosf(a);
    case FX_EW_FLOOR: return floorf(a);
    case FX_EW_SQUARE: return a * a;
    case FX_EW_SOFTPLUS: return (a > 0 ? a : 0) + log1pf(expf(-fabsf(a)));
    case FX_EW_ADD: return a + b;
    case FX_EW_SUB: return a - b;
    case FX_EW_MUL: return a * b;
    case FX_EW_DIV: return a / b;
    case FX_EW_POW: return powf(a, b);
    case FX_EW_MAX: return a != a || a > b ? a : b;
    case FX_EW_MIN: return a != a || a < b ? a : b;
    case FX_EW_LESS: return a < b;
    case FX_EW_LESS_EQUAL: return a <= b;
    case FX_EW_EQUAL: return a == b;
    case FX_EW_SELECT: return a != 0 ? b : c;
    case FX_EW_FMA: return fmaf(a, b, c);
    default: return at->imm;
  }
}
void fx_elementwise(const fx_ew_program *p, const float *const *inputs, float *const *outputs) {
  int64_t count = 1;
  for (int d = 0; d < p->rank; d++) count *= p->dims[d];
  for (int64_t i = 0; i < count; i++) {
    float r[256];
    for (int k = 0; k < p->inputs; k++) {
      int64_t rest = i, at = 0;
      for (int d = p->rank - 1; d >= 0; d--) {
        at += rest % p->dims[d] * p->input_strides[k * p->rank + d];
        rest /= p->dims[d];
      }
      r[k] = inputs[k][at];
    }
    for (int k = 0; k < p->instruction_count; k++) {
      const fx_ew_instruction *at = p->instructions + k;
      r[at->dst] = apply(at, r[at->a], r[at->b], r[at->c]);
    }
    for (int k = 0; k < p->outputs; k++) outputs[k][i] = r[p->output_registers[k]];
  }
}

void fx_reduce(int op, int64_t outer, int64_t mid, int64_t inner, const float *x, float *y) {
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < inner; i++) {
      float value = op == FX_REDUCE_SUM ? 0 : -INFINITY;
      for (int64_t m = 0; m < mid; m++) {
        float next = x[(o * mid + m) * inner + i];
        value = op == FX_REDUCE_SUM ? value + next : value != value || value > next ? value : next;
      }
      y[o * inner + i] = value;
    }
}

void fx_strided_copy(int rank, const int64_t *dims, const int64_t *src_strides, const int64_t *dst_strides,
                     const float *src, float *dst) {
  if (rank == 0) {
    memcpy(dst, src, sizeof(float));
    return;
  }
  for (int64_t i = 0; i < dims[0]; i++)
    fx_strided_copy(rank - 1, dims + 1, src_strides + 1, dst_strides + 1, src + i * src_strides[0],
                    dst + i * dst_strides[0]);
}
void fx_gather_rows_u8(const uint8_t *data, int64_t row_len, const int32_t *idx, int rows, const float *scale,
                       const float *shift, int per_feature, float *out) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t j = 0; j < row_len; j++)
      out[r * row_len + j] =
          (float)data[idx[r] * row_len + j] * scale[per_feature ? j : 0] + shift[per_feature ? j : 0];
}
void fx_gather_rows_f32(const float *data, int64_t row_len, const int32_t *idx, int rows, float *out) {
  for (int64_t r = 0; r < rows; r++)
    memcpy(out + r * row_len, data + idx[r] * row_len, (size_t)row_len * sizeof(float));
}

void fx_philox_uniform(uint32_t key_low, uint32_t key_high, uint64_t stream, int64_t n, float *out) {
  for (int64_t i = 0; i < n; i++) {
    uint64_t block = (uint64_t)i / 4;
    uint32_t x[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)};
    uint32_t k0 = key_low, k1 = key_high;
    for (int round = 0; round < 10; round++) {
      uint64_t a = UINT64_C(0xD2511F53) * x[0], b = UINT64_C(0xCD9E8D57) * x[2];
      x[0] = (uint32_t)(b >> 32) ^ x[1] ^ k0, x[1] = (uint32_t)b;
      x[2] = (uint32_t)(a >> 32) ^ x[3] ^ k1, x[3] = (uint32_t)a;
      k0 += 0x9E3779B9, k1 += 0xBB67AE85;
    }
    out[i] = (float)(x[i % 4] >> 8) * 0x1p-24f;
  }
}

float fx_max_abs(int64_t n, const float *x) {
  float top = 0;
  for (int64_t i = 0; i < n; i++) top = top != top || top > fabsf(x[i]) ? top : fabsf(x[i]);
  return top;
}
float fx_accumulate(int64_t n, const float *x, double weight_scale, int64_t *acc) {
  const double magic = 0x1.8p52;
  for (int64_t i = 0; i < n; i++) {
    double shifted = (double)x[i] * weight_scale + magic;
    int64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    acc[i] = (int64_t)((uint64_t)acc[i] + (uint64_t)bits - UINT64_C(0x4338000000000000));
  }
  return fx_max_abs(n, x);
}
void fx_accumulate_finish(int64_t n, const int64_t *acc, double scale, float *out) {
  for (int64_t i = 0; i < n; i++) out[i] = (float)((double)acc[i] * scale);
}
int fx_all_finite(int64_t n, const float *x) { return isfinite(fx_max_abs(n, x)) ? 1 : 0; }
