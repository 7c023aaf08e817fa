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

static void fx_path_accumulate_finish(int64_t n, const int64_t *acc, double scale, float *out) {
  for (int64_t i = 0; i < n; i++) out[i] = (float)((double)acc[i] * scale);
}
