// Exact accumulation: each term is rounded once, to a 64-bit integer, and integers add up the same in any order.

/// The bits of |x| order as |x| does, with infinity and then NaN on top.
FX_INLINE vi fx_larger(vi a, vi b) {
  const vi more = a > b;
  return (a & more) | (b & ~more);
}
FX_INLINE float fx_largest(vi tops) {
  int32_t top = 0;
  for (int l = 0; l < FX_W; l++) top = tops[l] > top ? tops[l] : top;
  float value;
  memcpy(&value, &top, sizeof value);
  return value;
}

static int fx_path_all_finite(int64_t n, const float *x) {
  vi top[4] = {};
  int64_t i = 0;
  for (; i + 4 * FX_W <= n; i += 4 * FX_W)
    FX_UNROLL for (int k = 0; k < 4; k++) top[k] = fx_larger(vbits(vload(x + i + k * FX_W)) & INT32_MAX, top[k]);
  for (; i < n; i += FX_W) {
    const vf v = n - i >= FX_W ? vload(x + i) : vload_first(x + i, vfirst(n - i));
    top[0] = fx_larger(vbits(v) & INT32_MAX, top[0]);
  }
  return fx_largest(fx_larger(fx_larger(top[0], top[1]), fx_larger(top[2], top[3]))) < INFINITY;
}

typedef int64_t vl_unaligned __attribute__((vector_size(4 * FX_W), aligned(8), may_alias));

/// Adding 1.5 * 2^52 to a double of less than 2^51 leaves its nearest integer in the low bits. The product is rounded
/// apart from the sum on every path, so that all give the same integers.
FX_INLINE vl fx_nearest(vd x, vd scale) {
#pragma clang fp contract(off)
  const vd magic = vsplat_d(0x1.8p52), product = x * scale;
  return (vl)(product + magic) - (vl)magic;
}

/// acc += x - base, or acc -= x - base, rounded; the largest |x - base|.
FX_INLINE float fx_add_rounded(int64_t n, const float *x, const float *base, const int has_base, double weight_scale,
                               int64_t *acc, const int subtracts) {
  const vd scale = vsplat_d(weight_scale);
  vi top = {};
  int64_t i = 0;
  for (; i + FX_W <= n; i += FX_W) {
    const vf v = has_base ? vload(x + i) - vload(base + i) : vload(x + i);
    top = fx_larger(vbits(v) & INT32_MAX, top);
    FX_UNROLL for (int h = 0; h < 2; h++) {
      vl_unaligned *to = (vl_unaligned *)(acc + i + h * FX_HALF);
      const vq q = (vq)fx_nearest(__builtin_convertvector(vhalf(v, h), vd), scale);
      *to = (vl_unaligned)(subtracts ? (vq)*to - q : (vq)*to + q);
    }
  }
  if (i < n) {
    const vmask m = vfirst(n - i);
    const vf v = has_base ? vload_first(x + i, m) - vload_first(base + i, m) : vload_first(x + i, m);
    uint64_t rounded[FX_W];
    top = fx_larger(vbits(v) & INT32_MAX, top);
    FX_UNROLL for (int h = 0; h < 2; h++) {
      const vl q = fx_nearest(__builtin_convertvector(vhalf(v, h), vd), scale);
      memcpy(rounded + h * FX_HALF, &q, sizeof q);
    }
    for (int64_t j = i; j < n; j++)
      acc[j] = (int64_t)(subtracts ? (uint64_t)acc[j] - rounded[j - i] : (uint64_t)acc[j] + rounded[j - i]);
  }
  return fx_largest(top);
}

static float fx_path_accumulate(int64_t n, const float *x, const float *base, double weight_scale, int64_t *acc) {
  const float top = base ? fx_add_rounded(n, x, base, 1, weight_scale, acc, 0)
                         : fx_add_rounded(n, x, x, 0, weight_scale, acc, 0);
  // What did not fit wrapped around, and the same integers taken away again leave what was there.
  if (!((double)top * fabs(weight_scale) < 0x1p51)) {
    if (base)
      fx_add_rounded(n, x, base, 1, weight_scale, acc, 1);
    else
      fx_add_rounded(n, x, x, 0, weight_scale, acc, 1);
  }
  return top;
}

FX_INLINE float fx_larger_top(float a, float b) { return fx_largest(fx_larger(vbits(vsplat(a)), vbits(vsplat(b)))); }

/// How far ahead vectors are asked for. A block is too short for the processor to notice by itself that four streams
/// begin, again and again; a kilobyte of each covers the way to memory.
enum { FX_AHEAD = 256 };

/// As fx_add_rounded for four vectors, whose sum is in registers before it goes to memory.
FX_INLINE void fx_add_four(int64_t n, const float *const *x, const double *weight_scale, int64_t *acc, float *top,
                           const int subtracts) {
  vd scale[4];
  vi largest[4] = {};
  FX_UNROLL for (int k = 0; k < 4; k++) scale[k] = vsplat_d(weight_scale[k]);
  int64_t i = 0;
  for (; i + FX_W <= n; i += FX_W) {
    vq sums[2] = {};
    FX_UNROLL for (int k = 0; k < 4; k++) {
      __builtin_prefetch(x[k] + i + FX_AHEAD);
      largest[k] = fx_larger(vbits(vload(x[k] + i)) & INT32_MAX, largest[k]);
      FX_UNROLL for (int h = 0; h < 2; h++)
        sums[h] += (vq)fx_nearest(vload_d(x[k] + i + h * FX_HALF), scale[k]);
    }
    FX_UNROLL for (int h = 0; h < 2; h++) {
      vl_unaligned *to = (vl_unaligned *)(acc + i + h * FX_HALF);
      *to = (vl_unaligned)(subtracts ? (vq)*to - sums[h] : (vq)*to + sums[h]);
    }
  }
  for (int k = 0; k < 4; k++)
    top[k] = fx_larger_top(fx_largest(largest[k]),
                           fx_add_rounded(n - i, x[k] + i, x[k] + i, 0, weight_scale[k], acc + i, subtracts));
}

/// Adds the first `count` vectors in fours, or takes them away again; `top` is nothing to the latter.
FX_INLINE void fx_add_many(int64_t n, int count, const float *const *x, int64_t offset, const double *weight_scale,
                           int64_t *acc, float *top, const int subtracts) {
  for (int first = 0; first < count; first += 4) {
    const float *from[4];
    float tops[4];
    const int some = count - first < 4 ? count - first : 4;
    for (int k = 0; k < some; k++) from[k] = x[first + k] + offset;
    if (some == 4)
      fx_add_four(n, from, weight_scale + first, acc, tops, subtracts);
    else
      for (int k = 0; k < some; k++)
        tops[k] = fx_add_rounded(n, from[k], from[k], 0, weight_scale[first + k], acc, subtracts);
    for (int k = 0; k < some && !subtracts; k++) top[first + k] = fx_larger_top(top[first + k], tops[k]);
  }
}

static int fx_path_accumulate_many(int64_t n, int count, const float *const *x, int64_t offset,
                                   const double *weight_scale, int64_t *acc, float *top) {
  fx_add_many(n, count, x, offset, weight_scale, acc, top, 0);
  for (int k = 0; k < count; k++)
    if (!((double)top[k] * fabs(weight_scale[k]) < 0x1p51)) {
      fx_add_many(n, count, x, offset, weight_scale, acc, top, 1);
      return 0;
    }
  return 1;
}

static void fx_path_accumulate_finish(int64_t n, const int64_t *acc, double scale, float *out) {
  for (int64_t i = 0; i < n; i++) out[i] = (float)((double)acc[i] * scale);
}
