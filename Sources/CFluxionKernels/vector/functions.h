// Transcendental functions of a vector, within 2.5 units in the last place of float (most within 1.5), right at zeros,
// infinities and NaN.
//
// The polynomials of exp, log, tanh, sin and cos are those of Cephes (S. Moshier, netlib.org/cephes, single
// precision); those of erf follow N. Juffa's minimax fits. pow and the reduction of angles go through double.

FX_INLINE vf vexp(vf x) {
  const vf magic = vsplat(0x1.8p23f);
  x = vselect(x > 89.0f, vsplat(89), vselect(x < -104.0f, vsplat(-104), x));
  const vf shifted = vfma(x, vsplat(1.44269504088896341f), magic);
  const vf n = shifted - magic;
  // ln 2 in two parts, of which the first times n is exact.
  vf r = vfma(n, vsplat(-0.693359375f), x);
  r = vfma(n, vsplat(2.12194440e-4f), r);
  vf p = vsplat(1.9875691500e-4f);
  p = vfma(p, r, vsplat(1.3981999507e-3f));
  p = vfma(p, r, vsplat(8.3334519073e-3f));
  p = vfma(p, r, vsplat(4.1665795894e-2f));
  p = vfma(p, r, vsplat(1.6666665459e-1f));
  p = vfma(p, r, vsplat(5.0000001201e-1f));
  const vf y = vfma(p * r, r, r) + 1.0f;
  // 2^n in two factors, since n reaches from -150 to 128.
  const vi exponent = (vi)((vu)vbits(shifted) - (vu)vbits(magic));
  const vi half = exponent >> 1;
  const vf scale0 = (vf)((vu)(half + 127) << 23), scale1 = (vf)((vu)(exponent - half + 127) << 23);
  return y * scale0 * scale1;
}

FX_INLINE vf vlog(vf x) {
  const vi tiny = x < 0x1p-126f;
  const vf scaled = vselect(tiny, x * 0x1p23f, x);
  vi bits = vbits(scaled);
  // Mantissa in [1/2, 1), then in [sqrt 1/2, sqrt 2).
  vf e = __builtin_convertvector(((bits >> 23) & 0xFF) - 126, vf) + vselect(tiny, vsplat(-23), (vf){});
  vf m = vfloat((bits & 0x007FFFFF) | 0x3F000000);
  const vi low = m < 0.707106781186547524f;
  e += vselect(low, vsplat(-1), (vf){});
  m = vselect(low, m + m, m) - 1.0f;
  const vf z = m * m;
  vf p = vsplat(7.0376836292e-2f);
  p = vfma(p, m, vsplat(-1.1514610310e-1f));
  p = vfma(p, m, vsplat(1.1676998740e-1f));
  p = vfma(p, m, vsplat(-1.2420140846e-1f));
  p = vfma(p, m, vsplat(1.4249322787e-1f));
  p = vfma(p, m, vsplat(-1.6668057665e-1f));
  p = vfma(p, m, vsplat(2.0000714765e-1f));
  p = vfma(p, m, vsplat(-2.4999993993e-1f));
  p = vfma(p, m, vsplat(3.3333331174e-1f));
  vf y = p * m * z;
  y = vfma(e, vsplat(-2.12194440e-4f), y);
  y = vfma(z, vsplat(-0.5f), y);
  y = vfma(e, vsplat(0.693359375f), m + y);
  y = vselect(x == vsplat(INFINITY), x, y);
  y = vselect(x == 0.0f, vsplat(-INFINITY), y);
  return vselect((x < 0.0f) | (x != x), vsplat(NAN), y);
}

FX_INLINE vf vlog1p(vf x) {
  const vf u = x + 1.0f;
  // What rounding u lost, to first order.
  const vf y = vlog(u) + (x - (u - 1.0f)) / u;
  return vselect((u == 0.0f) | (u == vsplat(INFINITY)), vlog(u), vselect(u == 1.0f, x, y));
}

FX_INLINE vf vtanh(vf x) {
  const vf size = vabs(x), z = x * x;
  vf p = vsplat(-5.70498872745e-3f);
  p = vfma(p, z, vsplat(2.06390887954e-2f));
  p = vfma(p, z, vsplat(-5.37397155531e-2f));
  p = vfma(p, z, vsplat(1.33314422036e-1f));
  p = vfma(p, z, vsplat(-3.33332819422e-1f));
  const vf near = vfma(p * z, x, x);
  const vf far = vcopysign(1.0f - 2.0f / (vexp(size + size) + 1.0f), x);
  return vselect(x != x, x, vselect(size < 0.625f, near, far));
}

FX_INLINE vf vsigmoid(vf x) {
  const vf e = vexp(-vabs(x)), y = 1.0f / (1.0f + e);
  return vselect(x < 0.0f, e / (1.0f + e), y);
}

FX_INLINE vf vsoftplus(vf x) { return vrelu(x) + vlog1p(vexp(-vabs(x))); }

FX_INLINE vf verf(vf x) {
  const vf t = vabs(x), s = x * x;
  vf p = vfma(vsplat(-1.72853470e-5f), t, vsplat(3.83197126e-4f));
  p = vfma(p, s, vfma(vsplat(-3.88396438e-3f), t, vsplat(2.42546219e-2f)));
  p = vfma(p, t, vsplat(-1.06777877e-1f));
  p = vfma(p, t, vsplat(-6.34846687e-1f));
  p = vfma(p, t, vsplat(-1.28717512e-1f));
  p = vfma(p, t, -t);
  // Beyond 4 the result is 1; there the polynomial would turn.
  const vf far = vcopysign(vselect(t > 4.0f, vsplat(1), 1.0f - vexp(p)), x);
  vf q = vsplat(-5.96761703e-4f);
  q = vfma(q, s, vsplat(4.99119423e-3f));
  q = vfma(q, s, vsplat(-2.67681349e-2f));
  q = vfma(q, s, vsplat(1.12819925e-1f));
  q = vfma(q, s, vsplat(-3.76125336e-1f));
  q = vfma(q, s, vsplat(1.28379166e-1f));
  return vselect(x != x, x, vselect(t > 0.927734375f, far, vfma(q, x, x)));
}

// sin (quarter 0) and cos (quarter 1). The angle is reduced in double; angles beyond 2^20, where that would not be
// exact, one by one.
FX_INLINE vf vsine(vf x, int quarter) {
  const double magic = 0x1.8p52;
  float angle[FX_W], rest[FX_W];
  int64_t turns[FX_W];
  vstore(angle, x);
  FX_UNROLL for (int h = 0; h < FX_W; h += FX_HALF) {
    const vd a = vload_d(angle + h), shifted = a * 0.63661977236758134308 + magic, n = shifted - magic;
    const vd r = (a - n * 1.57079632673412561417e+00) - n * 6.07710050650619224932e-11;
    vstore_d(rest + h, r);
    const vl quarters = (vl)shifted + quarter;
    memcpy(turns + h, &quarters, sizeof quarters);
  }
  vi turn;
  FX_UNROLL for (int i = 0; i < FX_W; i++) turn[i] = (int32_t)(turns[i] & 3);
  const vf r = vload(rest), z = r * r;
  vf s = vsplat(-1.9515295891e-4f);
  s = vfma(s, z, vsplat(8.3321608736e-3f));
  s = vfma(s, z, vsplat(-1.6666654611e-1f));
  s = vfma(s * z, r, r);
  vf c = vsplat(2.443315711809948e-5f);
  c = vfma(c, z, vsplat(-1.388731625493765e-3f));
  c = vfma(c, z, vsplat(4.166664568298827e-2f));
  c = vfma(c * z, z, vfma(z, vsplat(-0.5f), vsplat(1)));
  vf y = vselect((turn & 1) != 0, c, s);
  y = vfloat(vbits(y) ^ (vi)((vu)(turn & 2) << 30));
  if (quarter == 0) y = vselect(x == 0.0f, x, y);
  float result[FX_W];
  vstore(result, y);
  for (int i = 0; i < FX_W; i++)
    if (!(fabsf(angle[i]) < 0x1p20f)) result[i] = (float)(quarter ? cos((double)angle[i]) : sin((double)angle[i]));
  return vload(result);
}

/// 2^(y log2 |x|) for half a vector, in double: 1e-10 of relative error before the last rounding.
FX_INLINE vd vpow_half(vd x, vd y) {
  vl bits = (vl)x & INT64_MAX;
  const vd magnitude = (vd)bits;
  vd e = __builtin_convertvector((bits >> 52) - 1022, vd);
  vd m = (vd)((bits & 0x000FFFFFFFFFFFFF) | 0x3FE0000000000000);
  const vl low = m < 0.70710678118654752440;
  e -= vselect_d(low, vsplat_d(1), (vd){});
  m = vselect_d(low, m + m, m);
  const vd s = (m - 1.0) / (m + 1.0), z = s * s;
  vd p = vsplat_d(1.0 / 15);
  FX_UNROLL for (int k = 13; k >= 1; k -= 2) p = p * z + 1.0 / k;
  vd t = (e + p * s * 2.88539008177792681472) * y;
  // Where log2 is infinite the product with y has the sign, or the NaN, that is wanted.
  t = vselect_d(magnitude == 0.0, y * -(double)INFINITY, t);
  t = vselect_d(magnitude == (double)INFINITY, y * (double)INFINITY, t);
  t = vselect_d(t > 1000.0, vsplat_d(1000), vselect_d(t < -1000.0, vsplat_d(-1000), t));
  const vd shifted = t + 0x1.8p52, n = shifted - 0x1.8p52;
  const vd f = (t - n) * 0.69314718055994530942;
  vd q = vsplat_d(1.0 / 3628800);
  static const double inverse_factorials[10] = {1, 1, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040,
                                                1.0 / 40320, 1.0 / 362880};
  FX_UNROLL for (int k = 9; k >= 0; k--) q = q * f + inverse_factorials[k];
  return q * (vd)(((vq)shifted + 1023) << 52);
}

FX_INLINE vf vpow(vf x, vf y) {
  float base[FX_W], exponent[FX_W], power[FX_W];
  vstore(base, x);
  vstore(exponent, y);
  FX_UNROLL for (int h = 0; h < FX_W; h += FX_HALF) {
    vstore_d(power + h, vpow_half(vload_d(base + h), vload_d(exponent + h)));
  }
  vf r = vload(power);
  const vf size = vabs(y);
  // Every float from 2^24 is an even integer.
  const vf whole = __builtin_convertvector(__builtin_convertvector(vselect(size < 0x1p24f, size, (vf){}), vi), vf);
  const vi integer = (size >= 0x1p24f) | (whole == size);
  const vi odd = integer & (size < 0x1p24f) & ((__builtin_convertvector(whole, vi) & 1) != 0);
  r = vfloat(vbits(r) ^ (odd & vbits(x) & INT32_MIN));
  r = vselect((x < 0.0f) & (x > -INFINITY) & ~integer, vsplat(NAN), r);
  r = vselect((x != x) | (y != y), vsplat(NAN), r);
  r = vselect((x == -1.0f) & (size == vsplat(INFINITY)), vsplat(1), r);
  return vselect((x == 1.0f) | (y == 0.0f), vsplat(1), r);
}
