// Softmax and its cross entropy over rows. Rows may be short (ten classes): a row of one vector is one masked load.

/// The largest element of a row, in every lane.
FX_INLINE vf fx_row_top(const float *x, int64_t n) {
  vf top = vsplat(-INFINITY);
  int64_t j = 0;
  for (; j + FX_W <= n; j += FX_W) top = vmax(top, vload(x + j));
  if (j < n) {
    const vi valid = viota() < (int32_t)(n - j);
    top = vmax(top, vselect(valid, vload_first(x + j, vfirst(n - j)), vsplat(-INFINITY)));
  }
  return vmax_all(top);
}

/// The sum of exp(x - top) over a row, in every lane; the terms go to `terms` unless that is NULL.
FX_INLINE vf fx_row_exp(const float *x, int64_t n, vf top, float *terms) {
  vf sum = {};
  int64_t j = 0;
  for (; j + FX_W <= n; j += FX_W) {
    const vf e = vexp(vload(x + j) - top);
    if (terms) vstore(terms + j, e);
    sum += e;
  }
  if (j < n) {
    const vmask m = vfirst(n - j);
    const vf e = vselect(viota() < (int32_t)(n - j), vexp(vload_first(x + j, m) - top), (vf){});
    if (terms) vstore_first(terms + j, e, m);
    sum += e;
  }
  return vsum_all(sum);
}

#define FX_EACH_IN_ROW(n, x, y, expression)                    \
  do {                                                         \
    int64_t j = 0;                                             \
    for (; j + FX_W <= n; j += FX_W) {                         \
      const vf v = vload((x) + j);                             \
      vstore((y) + j, expression);                             \
    }                                                          \
    if (j < n) {                                               \
      const vmask m = vfirst(n - j);                           \
      const vf v = vload_first((x) + j, m);                    \
      vstore_first((y) + j, expression, m);                    \
    }                                                          \
  } while (0)

static void fx_path_log_softmax(int64_t rows, int64_t n, const float *x, float *y) {
  for (int64_t r = 0; r < rows; r++, x += n, y += n) {
    const vf top = fx_row_top(x, n), log_sum = vlog(fx_row_exp(x, n, top, NULL));
    FX_EACH_IN_ROW(n, x, y, v - top - log_sum);
  }
}

static void fx_path_softmax(int64_t rows, int64_t n, const float *x, float *y) {
  for (int64_t r = 0; r < rows; r++, x += n, y += n) {
    const vf sum = fx_row_exp(x, n, fx_row_top(x, n), y);
    FX_EACH_IN_ROW(n, y, y, v / sum);
  }
}

static void fx_path_softmax_xent(int64_t rows, int64_t n, const float *logits, const int32_t *labels, float *loss) {
  for (int64_t r = 0; r < rows; r++, logits += n) {
    const vf top = fx_row_top(logits, n), log_sum = vlog(fx_row_exp(logits, n, top, NULL));
    loss[r] = labels[r] >= 0 && labels[r] < n ? log_sum[0] - (logits[labels[r]] - top[0]) : NAN;
  }
}

static void fx_path_softmax_xent_grad(int64_t rows, int64_t n, const float *logits, const int32_t *labels,
                                      const float *g, int g_stride, float *dlogits) {
  for (int64_t r = 0; r < rows; r++, logits += n, dlogits += n) {
    const int valid = labels[r] >= 0 && labels[r] < n;
    const vf sum = fx_row_exp(logits, n, fx_row_top(logits, n), dlogits);
    const vf scale = vsplat(valid ? g[r * g_stride] : NAN);
    const vi label = vsplat_i(labels[r]) - viota();
    FX_EACH_IN_ROW(n, dlogits, dlogits,
                   (v / sum - vselect(label == vsplat_i((int32_t)j), vsplat(1), (vf){})) * scale);
  }
}
