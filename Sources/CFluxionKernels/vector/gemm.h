// Matrix products of the shapes that training small models has: few rows (a minibatch) or few steps (its transpose).
// Larger products, where packing pays, go to BLAS.

// Bytes of B that may be swept again for every tile of rows: it should stay in the second-level cache.
enum { FX_GEMM_RESIDENT_BYTES = 256 << 10 };
// Steps of a packed panel of B: 2 * FX_W columns of it stay in the first-level cache.
enum { FX_GEMM_STEPS = 256 };

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
  if (tiles <= 3 || k * n * 4 <= FX_GEMM_RESIDENT_BYTES) {
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

// MARK: - Few steps: C += alpha * A^T B, B held in registers

// The gradient of dense weights: m and n are the layer's, k the minibatch. A tile would spend as long on reading and
// writing C as on products, so all k rows of a panel of B stay in registers while the rows of C stream past.

enum { FX_FEW_STEPS = FX_ROWS < 13 ? FX_ROWS : 13, FX_FEW_ROWS = 112 };

FX_INLINE void fx_few_run(const fx_tile *t, int64_t rows, const int steps, const int columns, const int partial) {
  vf b[FX_FEW_STEPS][2];
  FX_UNROLL for (int p = 0; p < steps; p++) FX_UNROLL for (int j = 0; j < columns; j++) {
    const float *from = t->b + p * t->bt + j * FX_W;
    b[p][j] = (partial && j == columns - 1 ? vload_first(from, t->tail) : vload(from)) * t->alpha;
  }
  const char *a = (const char *)t->a;
  const int64_t stride = t->at * 4, next = t->ai * 4, below = t->ci;
  const vmask tail = t->tail;
  const char *base[5] = {a, a + 3 * stride, a + 6 * stride, a + 9 * stride, a + 12 * stride};
  float *c = t->c;
  for (int64_t i = 0; i < rows; i++, c += below) {
    vf sum[2];
    FX_UNROLL for (int p = 0; p < steps; p++) {
      // Keeps each broadcast next to its two uses: hoisted together they would not fit the registers.
      __asm__ volatile("" : "+r"(base[0]), "+r"(base[1]), "+r"(base[2]), "+r"(base[3]), "+r"(base[4]));
      const vf x = vsplat(*fx_tile_row(base, stride, p));
      FX_UNROLL for (int j = 0; j < columns; j++) sum[j] = p == 0 ? x * b[p][j] : vfma(x, b[p][j], sum[j]);
    }
    FX_UNROLL for (int k = 0; k < 5; k++) base[k] += next;
    FX_UNROLL for (int j = 0; j < columns; j++) {
      float *to = c + j * FX_W;
      if (partial && j == columns - 1)
        vstore_first(to, sum[j] + vload_first(to, tail), tail);
      else
        vstore(to, sum[j] + vload(to));
      __builtin_prefetch(to + 2 * FX_W);
    }
  }
}

typedef void fx_few_function(const fx_tile *, int64_t);
#define FX_FEW(steps)                                                                                    \
  static void fx_few_##steps(const fx_tile *t, int64_t rows) { fx_few_run(t, rows, steps, 2, 0); }       \
  static void fx_few_##steps##_1(const fx_tile *t, int64_t rows) { fx_few_run(t, rows, steps, 1, 0); }   \
  static void fx_few_##steps##_partial(const fx_tile *t, int64_t rows) { fx_few_run(t, rows, steps, 1, 1); }
#define FX_FEW_ROW(steps) {fx_few_##steps, fx_few_##steps##_1, fx_few_##steps##_partial}
FX_FEW(1) FX_FEW(2) FX_FEW(3) FX_FEW(4) FX_FEW(5) FX_FEW(6)
#if defined(FX_AVX512) || defined(__aarch64__)
FX_FEW(7) FX_FEW(8) FX_FEW(9) FX_FEW(10) FX_FEW(11) FX_FEW(12)
#endif
#if defined(FX_AVX512)
FX_FEW(13)
#endif
static fx_few_function *const fx_few[FX_FEW_STEPS + 1][3] = {
    {NULL}, FX_FEW_ROW(1), FX_FEW_ROW(2), FX_FEW_ROW(3), FX_FEW_ROW(4), FX_FEW_ROW(5), FX_FEW_ROW(6),
#if defined(FX_AVX512) || defined(__aarch64__)
    FX_FEW_ROW(7), FX_FEW_ROW(8), FX_FEW_ROW(9), FX_FEW_ROW(10), FX_FEW_ROW(11), FX_FEW_ROW(12),
#endif
#if defined(FX_AVX512)
    FX_FEW_ROW(13),
#endif
};

static void fx_gemm_few_steps(fx_tile t, int64_t m, int64_t n) {
  fx_few_function *const *run = fx_few[t.steps];
  t.tail = vfirst(n % FX_W);
  for (int64_t i = 0; i < m; i += FX_FEW_ROWS) {
    const int64_t rows = m - i < FX_FEW_ROWS ? m - i : FX_FEW_ROWS;
    int64_t j = 0;
    for (; j < n;) {
      fx_tile part = t;
      part.a += i * t.ai;
      part.b += j;
      part.c += i * t.ci + j;
      const int shape = n - j >= 2 * FX_W ? 0 : n - j >= FX_W ? 1 : 2;
      run[shape](&part, rows);
      j += shape == 0 ? 2 * FX_W : FX_W;
    }
  }
}

// MARK: - Few columns: many rows of C narrower than a vector

// The gradient of a classifier's last layer. Masked rows would make every load of C wait for the store of the row
// above. So B is widened to a vector, rows of the product are stored whole and overlapping, each repairing what the
// one above spilled, and a block of C is then updated as one contiguous run.

enum { FX_NARROW_ROWS = FX_ROWS * 8, FX_NARROW_STEPS = 64 };

FX_INLINE int64_t fx_gemm_narrow_floats(int64_t k) { return (k + 1 + FX_NARROW_ROWS) * FX_W; }

static void fx_gemm_narrow(const fx_tile *whole, int64_t m, int64_t n, float *scratch) {
  fx_tile t = *whole;
  float *wide = scratch, *block = scratch + t.steps * FX_W;
  const vmask valid = vfirst(n);
  for (int64_t p = 0; p < t.steps; p++) vstore(wide + p * FX_W, vload_first(t.b + p * t.bt, valid));
  t.b = wide, t.bt = FX_W, t.ci = n, t.alpha = 1, t.beta = 0;
  for (int64_t i = 0; i < m; i += FX_NARROW_ROWS) {
    const int64_t rows = m - i < FX_NARROW_ROWS ? m - i : FX_NARROW_ROWS;
    for (int64_t r = 0; r < rows; r += FX_ROWS) {
      t.a = whole->a + (i + r) * t.ai;
      t.c = block + r * n;
      fx_tiles[rows - r < FX_ROWS ? rows - r : FX_ROWS][0](&t);
    }
    float *c = whole->c + i * n;
    const float alpha = whole->alpha, beta = whole->beta;
    int64_t j = 0;
    for (; j + FX_W <= rows * n; j += FX_W) {
      const vf sum = vload(block + j) * alpha;
      vstore(c + j, beta == 0 ? sum : vfma(vload(c + j), vsplat(beta), sum));
    }
    for (; j < rows * n; j++) c[j] = block[j] * alpha + (beta == 0 ? 0 : beta * c[j]);
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
    if (columns == 4 && t->beta == 0 && !t->bias && !t->relu) {
      FX_UNROLL for (int j = 0; j < 4; j++) to[j] = t->alpha * sum[j];
      continue;
    }
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
  return m >= 64 && n >= 48 && k >= 48 && n * k * 4 > 4 * FX_GEMM_RESIDENT_BYTES;
}

/// Whether B^T is read in place, by dot products.
FX_INLINE int fx_gemm_is_dot(int ta, int tb, int64_t k) { return tb && !ta && k >= 4 * FX_W; }

static size_t fx_path_sgemm_scratch_bytes(int ta, int tb, int m, int n, int k) {
  size_t bytes = (size_t)FX_GEMM_STEPS * 2 * FX_W * sizeof(float);  // also what fx_gemm_narrow wants
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
  } else if (ta && !tb && k > 0 && k <= FX_FEW_STEPS && n >= FX_W && beta == 1 && !t.bias &&
             !t.relu) {
    fx_gemm_few_steps(t, m, n);
  } else if (!tb && n < FX_W && ldc == n && m >= 2 * FX_ROWS && k > 0 && k <= FX_NARROW_STEPS && !t.bias && !t.relu) {
    fx_gemm_narrow(&t, m, n, scratch);
  } else {
    float *rest = scratch;
    if (tb) {
      fx_transpose(n, k, b, ldb, rest, n);
      t.b = rest, t.bt = n;
      rest += (int64_t)n * k;
    }
    fx_gemm_rows(t, m, n, rest);
  }
}
