// Matrix products of the shapes that training small models has: few rows (a minibatch) or few steps (its transpose).
// Larger products, where packing pays, go to BLAS.

// Bytes of B that may be swept again for every tile of rows: it should stay in the second-level cache.
enum { FX_GEMM_RESIDENT_BYTES = 256 << 10 };
// Steps of a packed panel of B: 2 * FX_W columns of it stay in the first-level cache.
enum { FX_GEMM_STEPS = 192 };

/// dst[columns, rows] = transpose of src[rows, columns], dst dense. For operands that are small or that only fall-back
/// shapes use.
FX_INLINE void fx_transpose(int64_t rows, int64_t columns, const float *src, int64_t stride, float *dst) {
  enum { block = 16 };
  for (int64_t i0 = 0; i0 < rows; i0 += block)
    for (int64_t j0 = 0; j0 < columns; j0 += block) {
      const int64_t i1 = i0 + block < rows ? i0 + block : rows, j1 = j0 + block < columns ? j0 + block : columns;
      for (int64_t j = j0; j < j1; j++)
        for (int64_t i = i0; i < i1; i++) dst[j * rows + i] = src[i * stride + j];
    }
}

// MARK: - B by rows: the register tile

/// One product whose operands are addressed as `t` says; a column panel is 2 vectors wide.
FX_INLINE void fx_gemm_panel(const fx_tile *whole, int64_t first_row, int64_t rows, int64_t column, int64_t width) {
  fx_tile t = *whole;
  t.a += first_row * t.ai;
  t.b += column;
  t.c += first_row * t.ci + column;
  if (t.bias) t.bias += column;
  fx_tile_for(&t, rows, width)(&t);
}

static void fx_gemm_rows(fx_tile t, int64_t m, int64_t n, float *scratch) {
  const int64_t tiles = fx_tile_count(m), panel = 2 * FX_W, k = t.steps;
  if (tiles == 1 || k * n * 4 <= FX_GEMM_RESIDENT_BYTES) {
    for (int64_t i = 0; i < tiles; i++) {
      const int64_t first = fx_tile_start(m, tiles, i), rows = fx_tile_start(m, tiles, i + 1) - first;
      for (int64_t j = 0; j < n; j += panel) fx_gemm_panel(&t, first, rows, j, n - j < panel ? n - j : panel);
    }
    return;
  }
  // Several sweeps over a B that is too large to stay near: copy a panel of it at a time, and use that for all rows.
  for (int64_t j = 0; j < n; j += panel) {
    const int64_t width = n - j < panel ? n - j : panel;
    for (int64_t p = 0; p < k; p += FX_GEMM_STEPS) {
      const int64_t steps = k - p < FX_GEMM_STEPS ? k - p : FX_GEMM_STEPS;
      for (int64_t q = 0; q < steps; q++)
        memcpy(scratch + q * panel, t.b + (p + q) * t.bt + j, (size_t)width * sizeof(float));
      fx_tile part = t;
      part.a += p * t.at;
      part.b = scratch;
      part.bt = panel;
      part.steps = steps;
      part.c += j;
      if (p > 0) part.beta = 1;
      const int last = p + steps == k;
      part.bias = last && t.bias ? t.bias + j : NULL;
      part.relu = last && t.relu;
      for (int64_t i = 0; i < tiles; i++) {
        const int64_t first = fx_tile_start(m, tiles, i);
        fx_gemm_panel(&part, first, fx_tile_start(m, tiles, i + 1) - first, 0, width);
      }
    }
  }
}

// MARK: - B by columns: dot products

enum { FX_DOT_ROWS = 5, FX_DOT_COLUMNS = 4, FX_DOT_BYTES = 24 << 10 };

/// The sums across the lanes of four vectors.
FX_INLINE void fx_sum4(const vf v[4], float out[4]) {
#if defined(FX_AVX512)
  const __m512 ab = _mm512_shuffle_f32x4(v[0], v[1], 0x44) + _mm512_shuffle_f32x4(v[0], v[1], 0xEE);
  const __m512 cd = _mm512_shuffle_f32x4(v[2], v[3], 0x44) + _mm512_shuffle_f32x4(v[2], v[3], 0xEE);
  // ab holds a, a, b, b in its quarters; fold each pair.
  __m512 s = _mm512_shuffle_f32x4(ab, cd, 0x88) + _mm512_shuffle_f32x4(ab, cd, 0xDD);
  s += _mm512_permute_ps(s, 0x4E);
  s += _mm512_permute_ps(s, 0xB1);
  const __m512i first = _mm512_setr_epi32(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  _mm_storeu_ps(out, _mm512_castps512_ps128(_mm512_permutexvar_ps(first, s)));
#else
  for (int j = 0; j < 4; j++) out[j] = vsum(v[j]);
#endif
}

/// C[rows, 4] from rows of A and rows of B, both contiguous along k.
FX_INLINE void fx_dot_tile(const fx_tile *t, const int rows, int64_t columns) {
  vf acc[FX_DOT_ROWS][FX_DOT_COLUMNS];
  FX_UNROLL for (int i = 0; i < rows; i++) FX_UNROLL for (int j = 0; j < 4; j++) acc[i][j] = (vf){};
  const int64_t k = t->steps, whole = k / FX_W * FX_W;
  // Past the last column the last is read again, and not stored.
  const float *b[4];
  FX_UNROLL for (int j = 0; j < 4; j++) b[j] = t->b + (j < columns ? j : columns - 1) * t->bt;
  for (int64_t p = 0; p < whole; p += FX_W) {
    vf y[4];
    FX_UNROLL for (int j = 0; j < 4; j++) y[j] = vload(b[j] + p);
    FX_UNROLL for (int i = 0; i < rows; i++) {
      const vf x = vload(t->a + i * t->ai + p);
      FX_UNROLL for (int j = 0; j < 4; j++) acc[i][j] = vfma(x, y[j], acc[i][j]);
    }
  }
  if (whole < k) {
    vf y[4];
    FX_UNROLL for (int j = 0; j < 4; j++) y[j] = vload_first(b[j] + whole, t->tail);
    FX_UNROLL for (int i = 0; i < rows; i++) {
      const vf x = vload_first(t->a + i * t->ai + whole, t->tail);
      FX_UNROLL for (int j = 0; j < 4; j++) acc[i][j] = vfma(x, y[j], acc[i][j]);
    }
  }
  FX_UNROLL for (int i = 0; i < rows; i++) {
    float sum[4], *to = t->c + i * t->ci;
    fx_sum4(acc[i], sum);
    for (int64_t j = 0; j < columns; j++) {
      float value = t->alpha * sum[j];
      if (t->beta != 0) value += t->beta * to[j];
      if (t->bias) value += t->bias[j];
      if (t->relu) value = value < 0 ? 0 : value;
      to[j] = value;
    }
  }
}

static void fx_dot(const fx_tile *t, int64_t rows, int64_t columns) {
  switch (rows) {
    case 1: fx_dot_tile(t, 1, columns); break;
    case 2: fx_dot_tile(t, 2, columns); break;
    case 3: fx_dot_tile(t, 3, columns); break;
    case 4: fx_dot_tile(t, 4, columns); break;
    default: fx_dot_tile(t, 5, columns); break;
  }
}

static void fx_gemm_dot(fx_tile t, int64_t m, int64_t n) {
  t.tail = vfirst(t.steps % FX_W);
  const int64_t tiles = (m + FX_DOT_ROWS - 1) / FX_DOT_ROWS;
  int64_t block = FX_DOT_BYTES / (t.steps * 4) / FX_DOT_COLUMNS * FX_DOT_COLUMNS;
  if (block < FX_DOT_COLUMNS) block = FX_DOT_COLUMNS;
  for (int64_t j0 = 0; j0 < n; j0 += block)
    for (int64_t i = 0; i < tiles; i++) {
      const int64_t first = fx_tile_start(m, tiles, i), rows = fx_tile_start(m, tiles, i + 1) - first;
      for (int64_t j = j0; j < n && j < j0 + block; j += FX_DOT_COLUMNS) {
        fx_tile part = t;
        part.a += first * t.ai;
        part.b += j * t.bt;
        part.c += first * t.ci + j;
        if (t.bias) part.bias += j;
        fx_dot(&part, rows, n - j < FX_DOT_COLUMNS ? n - j : FX_DOT_COLUMNS);
      }
    }
}

// MARK: - Choice

/// Whether packing both operands, as BLAS does, pays.
FX_INLINE int fx_gemm_is_large(int ta, int tb, int64_t m, int64_t n, int64_t k) {
  (void)ta, (void)tb;
  return m >= 64 && n >= 48 && k >= 48;
}

/// Whether B^T is read in place, by dot products.
FX_INLINE int fx_gemm_is_dot(int ta, int tb, int64_t k) { return tb && !ta && k >= 4 * FX_W; }

static size_t fx_path_sgemm_scratch_bytes(int ta, int tb, int m, int n, int k) {
  size_t bytes = (size_t)FX_GEMM_STEPS * 2 * FX_W * sizeof(float);
  if (tb && !fx_gemm_is_dot(ta, tb, k) && !fx_gemm_is_large(ta, tb, m, n, k))
    bytes += (size_t)n * (size_t)k * sizeof(float);
  return bytes;
}

static void fx_path_sgemm_ep(int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b,
                             int ldb, float beta, float *c, int ldc, const fx_epilogue *epilogue, void *scratch) {
  if (m <= 0 || n <= 0) return;
  fx_tile t = {.a = a, .ai = ta ? 1 : lda, .at = ta ? lda : 1, .b = b, .bt = ldb, .steps = k, .segments = 1};
  t.c = c, t.ci = ldc, t.alpha = alpha, t.beta = beta;
  if (epilogue) t.bias = epilogue->bias, t.relu = epilogue->relu;
  if (fx_gemm_is_large(ta, tb, m, n, k)) {
    fx_blas_sgemm(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    if (!t.bias && !t.relu) return;
    t.steps = 0, t.beta = 1;  // a product of no steps applies the epilogue
    fx_gemm_rows(t, m, n, scratch);
  } else if (fx_gemm_is_dot(ta, tb, k)) {
    fx_gemm_dot(t, m, n);
  } else {
    float *rest = scratch;
    if (tb) {
      fx_transpose(n, k, b, ldb, rest);
      t.b = rest, t.bt = n;
      rest += (int64_t)n * k;
    }
    fx_gemm_rows(t, m, n, rest);
  }
}
