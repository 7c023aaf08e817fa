// Sums and maxima over the middle of [outer, mid, inner], in an order that depends on the sizes alone.

/// Rows that are summed before they are added to the total: long sums keep their low digits.
enum { FX_REDUCE_ROWS = 64, FX_REDUCE_COLUMNS = 4 };

FX_INLINE vf fx_combine(const int op, vf a, vf b) { return op == FX_REDUCE_SUM ? a + b : vmax(a, b); }
FX_INLINE vf fx_neutral(const int op) { return op == FX_REDUCE_SUM ? (vf){} : vsplat(-INFINITY); }

/// `vectors` columns of [mid, inner], the last of them partial if `partial`.
FX_INLINE void fx_reduce_columns(const int op, const int vectors, const int partial, int64_t mid, int64_t inner,
                                 const float *x, float *y, vmask tail) {
  vf total[FX_REDUCE_COLUMNS];
  FX_UNROLL for (int j = 0; j < vectors; j++) total[j] = fx_neutral(op);
  for (int64_t m0 = 0; m0 < mid; m0 += FX_REDUCE_ROWS) {
    const int64_t end = m0 + FX_REDUCE_ROWS < mid ? m0 + FX_REDUCE_ROWS : mid;
    vf even[FX_REDUCE_COLUMNS], odd[FX_REDUCE_COLUMNS];
    FX_UNROLL for (int j = 0; j < vectors; j++) even[j] = odd[j] = fx_neutral(op);
    int64_t m = m0;
#define FX_ROW_OF(row, j) \
  (partial && (j) == vectors - 1 ? vload_first(x + (row)*inner + (j)*FX_W, tail) : vload(x + (row)*inner + (j)*FX_W))
    for (; m + 2 <= end; m += 2)
      FX_UNROLL for (int j = 0; j < vectors; j++) {
        even[j] = fx_combine(op, even[j], FX_ROW_OF(m, j));
        odd[j] = fx_combine(op, odd[j], FX_ROW_OF(m + 1, j));
      }
    if (m < end) FX_UNROLL for (int j = 0; j < vectors; j++) even[j] = fx_combine(op, even[j], FX_ROW_OF(m, j));
#undef FX_ROW_OF
    FX_UNROLL for (int j = 0; j < vectors; j++)
      total[j] = fx_combine(op, total[j], fx_combine(op, even[j], odd[j]));
  }
  FX_UNROLL for (int j = 0; j < vectors; j++) {
    if (partial && j == vectors - 1)
      vstore_first(y + j * FX_W, total[j], tail);
    else
      vstore(y + j * FX_W, total[j]);
  }
}

FX_INLINE float fx_reduce_row(const int op, int64_t n, const float *x) {
  vf total = fx_neutral(op);
  int64_t j = 0;
  while (j + 4 * FX_W <= n) {
    const int64_t end = n - j < FX_REDUCE_ROWS * 4 * FX_W ? n : j + FX_REDUCE_ROWS * 4 * FX_W;
    vf part[4];
    FX_UNROLL for (int k = 0; k < 4; k++) part[k] = fx_neutral(op);
    for (; j + 4 * FX_W <= end; j += 4 * FX_W)
      FX_UNROLL for (int k = 0; k < 4; k++) part[k] = fx_combine(op, part[k], vload(x + j + k * FX_W));
    total = fx_combine(op, total, fx_combine(op, fx_combine(op, part[0], part[1]), fx_combine(op, part[2], part[3])));
  }
  for (; j + FX_W <= n; j += FX_W) total = fx_combine(op, total, vload(x + j));
  if (j < n) {
    const vf last = vload_first(x + j, vfirst(n - j));
    total = fx_combine(op, total, vselect(viota() < (int32_t)(n - j), last, fx_neutral(op)));
  }
  return op == FX_REDUCE_SUM ? vsum_all(total)[0] : vmax_all(total)[0];
}

FX_INLINE void fx_reduce_run(const int op, int64_t outer, int64_t mid, int64_t inner, const float *x, float *y) {
  if (inner == 1) {
    for (int64_t o = 0; o < outer; o++) y[o] = fx_reduce_row(op, mid, x + o * mid);
    return;
  }
  const vmask tail = vfirst(inner % FX_W);
  for (int64_t o = 0; o < outer; o++, x += mid * inner, y += inner) {
    int64_t i = 0;
    for (; i + FX_REDUCE_COLUMNS * FX_W <= inner; i += FX_REDUCE_COLUMNS * FX_W)
      fx_reduce_columns(op, FX_REDUCE_COLUMNS, 0, mid, inner, x + i, y + i, tail);
    for (; i + FX_W <= inner; i += FX_W) fx_reduce_columns(op, 1, 0, mid, inner, x + i, y + i, tail);
    if (i < inner) fx_reduce_columns(op, 1, 1, mid, inner, x + i, y + i, tail);
  }
}

static void fx_path_reduce(int op, int64_t outer, int64_t mid, int64_t inner, const float *x, float *y) {
  if (op == FX_REDUCE_SUM)
    fx_reduce_run(FX_REDUCE_SUM, outer, mid, inner, x, y);
  else
    fx_reduce_run(FX_REDUCE_MAX, outer, mid, inner, x, y);
}
