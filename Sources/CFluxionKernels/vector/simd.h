// The vocabulary of the kernels: a vector of FX_W floats, compiled once for each instruction set.
//
// Arithmetic is clang's vector extension, so that one source serves x86 and ARM; only partial loads and stores, which
// the extension cannot say, are spelled out. Everything is `static` and forced inline, so a path never calls code that
// was compiled for another.
#define FX_INLINE static inline __attribute__((always_inline, unused))
#define FX_UNROLL _Pragma("clang loop unroll(full)")

typedef float vf __attribute__((vector_size(4 * FX_W)));
typedef int32_t vi __attribute__((vector_size(4 * FX_W)));
typedef uint32_t vu __attribute__((vector_size(4 * FX_W)));
typedef float vf_unaligned __attribute__((vector_size(4 * FX_W), aligned(4), may_alias));
typedef int32_t vi_unaligned __attribute__((vector_size(4 * FX_W), aligned(4), may_alias));

FX_INLINE vf vload(const float *p) { return *(const vf_unaligned *)p; }
FX_INLINE void vstore(float *p, vf v) { *(vf_unaligned *)p = v; }
typedef float vf_splat __attribute__((ext_vector_type(FX_W)));
typedef int32_t vi_splat __attribute__((ext_vector_type(FX_W)));
FX_INLINE vf vsplat(float x) { return (vf)(vf_splat)x; }
FX_INLINE vi vsplat_i(int32_t x) { return (vi)(vi_splat)x; }
FX_INLINE vi vbits(vf v) { return (vi)v; }
FX_INLINE vf vfloat(vi v) { return (vf)v; }
/// a * b + c, contracted to one instruction where there is one.
FX_INLINE vf vfma(vf a, vf b, vf c) { return a * b + c; }
/// condition ? a : b, the condition all ones or all zeros in each lane.
FX_INLINE vf vselect(vi condition, vf a, vf b) { return vfloat((condition & vbits(a)) | (~condition & vbits(b))); }

// The first n lanes of a vector, 0 <= n <= FX_W; the others read as 0.
#if defined(FX_AVX512)
typedef __mmask16 vmask;
FX_INLINE vmask vfirst(int64_t n) { return (vmask)((1u << n) - 1); }
FX_INLINE vf vload_first(const float *p, vmask m) { return _mm512_maskz_loadu_ps(m, p); }
FX_INLINE void vstore_first(float *p, vf v, vmask m) { _mm512_mask_storeu_ps(p, m, v); }
#elif defined(FX_AVX2)
typedef __m256i vmask;
FX_INLINE vmask vfirst(int64_t n) {
  return (vmask)(vsplat_i((int32_t)n) > (vi){0, 1, 2, 3, 4, 5, 6, 7});
}
FX_INLINE vf vload_first(const float *p, vmask m) { return _mm256_maskload_ps(p, m); }
FX_INLINE void vstore_first(float *p, vf v, vmask m) { _mm256_maskstore_ps(p, m, v); }
#else
typedef int64_t vmask;
FX_INLINE vmask vfirst(int64_t n) { return n; }
FX_INLINE vf vload_first(const float *p, vmask m) {
  if (m >= FX_W) return vload(p);
  vf v = {};
  for (int64_t i = 0; i < FX_W; i++)
    if (i < m) v[i] = p[i];
  return v;
}
FX_INLINE void vstore_first(float *p, vf v, vmask m) {
  if (m >= FX_W) {
    vstore(p, v);
    return;
  }
  for (int64_t i = 0; i < FX_W; i++)
    if (i < m) p[i] = v[i];
}
#endif

// NaN in either operand gives NaN in these two, as in IEEE 754-2019 maximum.
FX_INLINE vf vmax(vf a, vf b) { return vselect((a > b) | (a != a), a, b); }
FX_INLINE vf vmin(vf a, vf b) { return vselect((a < b) | (a != a), a, b); }
/// max(x, 0) as rectifiers want it: NaN stays NaN.
FX_INLINE vf vrelu(vf x) { return vselect(x < (vf){}, (vf){}, x); }

FX_INLINE vf vabs(vf x) { return vfloat(vbits(x) & 0x7FFFFFFF); }
FX_INLINE vf vcopysign(vf x, vf sign) { return vfloat((vbits(x) & 0x7FFFFFFF) | (vbits(sign) & INT32_MIN)); }

/// 0, 1, 2 ... in the lanes.
FX_INLINE vi viota(void) {
#if FX_W == 16
  return (vi){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif FX_W == 8
  return (vi){0, 1, 2, 3, 4, 5, 6, 7};
#else
  return (vi){0, 1, 2, 3};
#endif
}

/// The lanes with the two halves of every 2k exchanged, k a power of two below FX_W.
FX_INLINE vf vexchange(vf v, int k) {
#if FX_W == 16
  switch (k) {
    case 8: return __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    case 4: return __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
    case 2: return __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    default: return __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
  }
#elif FX_W == 8
  switch (k) {
    case 4: return __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3);
    case 2: return __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5);
    default: return __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6);
  }
#else
  if (k == 2) return __builtin_shufflevector(v, v, 2, 3, 0, 1);
  return __builtin_shufflevector(v, v, 1, 0, 3, 2);
#endif
}

// Sums and maxima across lanes, in a fixed tree; the result is in every lane.
FX_INLINE vf vsum_all(vf v) {
#if FX_W >= 16
  v += vexchange(v, 8);
#endif
#if FX_W >= 8
  v += vexchange(v, 4);
#endif
  v += vexchange(v, 2);
  return v + vexchange(v, 1);
}
FX_INLINE vf vmax_all(vf v) {
#if FX_W >= 16
  v = vmax(v, vexchange(v, 8));
#endif
#if FX_W >= 8
  v = vmax(v, vexchange(v, 4));
#endif
  v = vmax(v, vexchange(v, 2));
  return vmax(v, vexchange(v, 1));
}
FX_INLINE float vsum(vf v) { return vsum_all(v)[0]; }

// Half as many doubles or 64-bit integers fill the same register.
enum { FX_HALF = FX_W / 2 };
typedef double vd __attribute__((vector_size(4 * FX_W)));
typedef int64_t vl __attribute__((vector_size(4 * FX_W)));
typedef uint64_t vq __attribute__((vector_size(4 * FX_W)));
typedef float vhf __attribute__((vector_size(2 * FX_W)));
typedef float vhf_unaligned __attribute__((vector_size(2 * FX_W), aligned(4), may_alias));
typedef double vd_splat __attribute__((ext_vector_type(FX_HALF)));
/// The lower (0) or the upper (1) half of the lanes.
FX_INLINE vhf vhalf(vf v, const int upper) {
#if FX_W == 16
  return upper ? __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15)
               : __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7);
#elif FX_W == 8
  return upper ? __builtin_shufflevector(v, v, 4, 5, 6, 7) : __builtin_shufflevector(v, v, 0, 1, 2, 3);
#else
  return upper ? __builtin_shufflevector(v, v, 2, 3) : __builtin_shufflevector(v, v, 0, 1);
#endif
}
FX_INLINE vd vsplat_d(double x) { return (vd)(vd_splat)x; }
FX_INLINE vd vload_d(const float *p) { return __builtin_convertvector(*(const vhf_unaligned *)p, vd); }
FX_INLINE void vstore_d(float *p, vd v) { *(vhf_unaligned *)p = __builtin_convertvector(v, vhf); }
FX_INLINE vd vselect_d(vl condition, vd a, vd b) { return (vd)((condition & (vl)a) | (~condition & (vl)b)); }
