// The one inner loop under matrix products and convolutions: a register tile of up to FX_ROWS × 2 vectors,
//
//   acc[i][j] = sum over s < segments, t < steps of A[s*as + t*at + i*ai] * B[s*bs + t*bt + j],
//
// with A broadcast element by element from where it lies, whatever its strides, and rows of B streamed. Nothing is
// packed: a transposed A has ai = 1, and the patches of an image under a filter are rows of A that overlap.
typedef struct fx_tile {
  const float *a;
  int64_t ai, at, as;
  const float *b;
  int64_t bt, bs;
  int64_t steps, segments;
  float *c;
  int64_t ci;
  float alpha, beta;
  const float *bias;  // already at the tile's first column, or NULL
  int relu;
  vmask tail;  // valid lanes of the last vector, where that one is partial
} fx_tile;

#if defined(FX_AVX512)
enum { FX_ROWS = 14 };
#elif defined(__aarch64__)
enum { FX_ROWS = 12 };
#else
enum { FX_ROWS = 6 };
#endif

// What happens to the sums. All of C is read before any of it is written: rows may be narrower than a vector, and a
// load that touches the bytes of a pending masked store waits for it.
FX_INLINE void fx_tile_finish(const fx_tile *t, const int rows, const int columns, const int partial,
                              vf acc[FX_ROWS][2]) {
#define FX_EACH(statement)                                                  \
  FX_UNROLL for (int i = 0; i < rows; i++)                                  \
    FX_UNROLL for (int j = 0; j < columns; j++) {                           \
      const int first = partial && j == columns - 1;                        \
      float *to = t->c + i * t->ci + j * FX_W;                              \
      (void)first, (void)to;                                                \
      statement;                                                            \
    }
  const vf alpha = vsplat(t->alpha), beta = vsplat(t->beta);
  if (t->beta == 1) {
    FX_EACH(acc[i][j] = vfma(alpha, acc[i][j], first ? vload_first(to, t->tail) : vload(to)))
  } else if (t->beta != 0) {
    FX_EACH(acc[i][j] = vfma(alpha, acc[i][j], beta * (first ? vload_first(to, t->tail) : vload(to))))
  } else if (t->alpha != 1) {
    FX_EACH(acc[i][j] *= alpha)
  }
  if (t->bias) {
    vf bias[2];
    FX_UNROLL for (int j = 0; j < columns; j++) {
      const float *from = t->bias + j * FX_W;
      bias[j] = partial && j == columns - 1 ? vload_first(from, t->tail) : vload(from);
    }
    FX_EACH(acc[i][j] += bias[j])
  }
  if (t->relu) { FX_EACH(acc[i][j] = vrelu(acc[i][j])) }
  FX_EACH(if (first) vstore_first(to, acc[i][j], t->tail); else vstore(to, acc[i][j]))
#undef FX_EACH
}

// Rows are addressed as base + {0, 1, 2, 4, 8} strides from a few bases, which x86 does inside the load; a pointer for
// each row would not fit the general registers. The empty asm hides from the compiler that the bases are related,
// lest it undoes that.
FX_INLINE const float *fx_tile_row(const char *const base[5], int64_t stride, int i) {
  static const unsigned char from[16] = {0, 0, 0, 1, 0, 1, 2, 1, 0, 3, 2, 1, 4, 3, 4, 4};
  static const unsigned char times[16] = {0, 1, 2, 0, 4, 2, 0, 4, 8, 0, 4, 8, 0, 4, 2, 0};
  return (const float *)(const void *)(base[from[i]] + stride * times[i]);
}

FX_INLINE void fx_tile_run(const fx_tile *t, const int rows, const int columns, const int partial) {
  vf acc[FX_ROWS][2];
  FX_UNROLL for (int i = 0; i < rows; i++) FX_UNROLL for (int j = 0; j < columns; j++) acc[i][j] = (vf){};
  // With few steps, C would arrive late if it were asked for at the end.
  if (t->beta != 0) FX_UNROLL for (int i = 0; i < rows; i++)
    FX_UNROLL for (int j = 0; j < columns; j++) __builtin_prefetch(t->c + i * t->ci + j * FX_W);
  const int64_t stride = t->ai * 4, at = t->at * 4, bt = t->bt * 4;
  for (int64_t s = 0; s < t->segments; s++) {
    const char *a = (const char *)(t->a + s * t->as), *b = (const char *)(t->b + s * t->bs);
    const char *base[5] = {a, a + 3 * stride, a + 6 * stride, a + 9 * stride, a + 12 * stride};
    for (int64_t left = t->steps; left > 0; left--) {
      __asm__("" : "+r"(base[0]), "+r"(base[1]), "+r"(base[2]), "+r"(base[3]), "+r"(base[4]));
      vf row[2];
      FX_UNROLL for (int j = 0; j < columns; j++) {
        const float *from = (const float *)(const void *)b + j * FX_W;
        row[j] = partial && j == columns - 1 ? vload_first(from, t->tail) : vload(from);
      }
      FX_UNROLL for (int i = 0; i < rows; i++) {
        const vf x = vsplat(*fx_tile_row(base, stride, i));
        FX_UNROLL for (int j = 0; j < columns; j++) acc[i][j] = vfma(x, row[j], acc[i][j]);
      }
      FX_UNROLL for (int k = 0; k < 5; k++) base[k] += at;
      // Dense weights may come from the third-level cache.
      FX_UNROLL for (int j = 0; j < columns; j++) __builtin_prefetch(b + 8 * bt + j * FX_W * 4);
      b += bt;
    }
  }
  fx_tile_finish(t, rows, columns, partial, acc);
}

// One instantiation for each shape of tile.
typedef void fx_tile_function(const fx_tile *);
#define FX_TILE(rows)                                                                      \
  static void fx_tile_##rows##_1(const fx_tile *t) { fx_tile_run(t, rows, 1, 0); }         \
  static void fx_tile_##rows##_1_partial(const fx_tile *t) { fx_tile_run(t, rows, 1, 1); } \
  static void fx_tile_##rows##_2(const fx_tile *t) { fx_tile_run(t, rows, 2, 0); }         \
  static void fx_tile_##rows##_2_partial(const fx_tile *t) { fx_tile_run(t, rows, 2, 1); }
#define FX_TILE_ROW(rows) \
  { fx_tile_##rows##_1, fx_tile_##rows##_1_partial, fx_tile_##rows##_2, fx_tile_##rows##_2_partial }
FX_TILE(1) FX_TILE(2) FX_TILE(3) FX_TILE(4) FX_TILE(5) FX_TILE(6)
#if defined(FX_AVX512) || defined(__aarch64__)
FX_TILE(7) FX_TILE(8) FX_TILE(9) FX_TILE(10) FX_TILE(11) FX_TILE(12)
#endif
#if defined(FX_AVX512)
FX_TILE(13) FX_TILE(14)
#endif

static fx_tile_function *const fx_tiles[FX_ROWS + 1][4] = {
    {NULL}, FX_TILE_ROW(1), FX_TILE_ROW(2), FX_TILE_ROW(3), FX_TILE_ROW(4), FX_TILE_ROW(5), FX_TILE_ROW(6),
#if defined(FX_AVX512) || defined(__aarch64__)
    FX_TILE_ROW(7), FX_TILE_ROW(8), FX_TILE_ROW(9), FX_TILE_ROW(10), FX_TILE_ROW(11), FX_TILE_ROW(12),
#endif
#if defined(FX_AVX512)
    FX_TILE_ROW(13), FX_TILE_ROW(14),
#endif
};

/// The tile function for `rows` (1...FX_ROWS) and `width` columns (1...2*FX_W); sets `tail`.
FX_INLINE fx_tile_function *fx_tile_for(fx_tile *t, int64_t rows, int64_t width) {
  const int64_t columns = (width + FX_W - 1) / FX_W, left = width - (columns - 1) * FX_W;
  t->tail = vfirst(left);
  return fx_tiles[rows][(columns - 1) * 2 + (left < FX_W)];
}

/// How many tiles of at most FX_ROWS rows cover `rows`; sizes then differ by at most one.
FX_INLINE int64_t fx_tile_count(int64_t rows) { return (rows + FX_ROWS - 1) / FX_ROWS; }
FX_INLINE int64_t fx_tile_start(int64_t rows, int64_t count, int64_t index) { return rows * index / count; }
