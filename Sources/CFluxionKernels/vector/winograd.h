// Fast convolution of 5 × 5 filters with stride 1: F(2 × 2, 5 × 5) of S. Winograd, "Arithmetic complexity of
// computations" (1980), as used for networks by A. Lavin and S. Gray, "Fast algorithms for convolutional neural
// networks" (2015, arXiv:1509.09308), with the points 0, ±1, ±2 and infinity.
//
// A tile of 2 × 2 outputs reads 6 × 6 inputs. Both it and the filter are evaluated at the 36 pairs of points, where the
// convolution is a product: one matrix product over channels for each of 36 positions, 9 multiplications an output
// instead of 25. The price is rounding: errors near 1e-5 of an output's typical size, where the direct form has 1e-6.

enum { FX_POINTS = 36 };
// Tiles at a time: two register tiles of rows, with all 36 positions of both sides in the second-level cache.
enum { FX_WINOGRAD_TILES = 28 };

// MARK: - Transforms of six points, along a stride

/// B^T: values of a run of six inputs.
FX_INLINE void fx_points_of_input(vf *d, int step) {
  const vf d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
  const vf even1 = vfma(vsplat(-4), d2, d4), odd1 = vfma(vsplat(-4), d1, d3);
  const vf even2 = d4 - d2, odd2 = d3 - d1;
  d[0] = vfma(vsplat(4), d0, vfma(vsplat(-5), d2, d4));
  d[step] = even1 + odd1;
  d[2 * step] = even1 - odd1;
  d[3 * step] = vfma(vsplat(2), odd2, even2);
  d[4 * step] = vfma(vsplat(-2), odd2, even2);
  d[5 * step] = vfma(vsplat(4), d1, vfma(vsplat(-5), d3, d5));
}

/// G: values of five taps, scaled by the interpolation's denominators.
FX_INLINE void fx_points_of_taps(vf *g, int step) {
  const vf g0 = g[0], g1 = g[step], g2 = g[2 * step], g3 = g[3 * step], g4 = g[4 * step];
  const vf even1 = g0 + g2 + g4, odd1 = g1 + g3;
  const vf even2 = g0 + 4.0f * g2 + 16.0f * g4, odd2 = 2.0f * g1 + 8.0f * g3;
  g[0] = 0.25f * g0;
  g[step] = (even1 + odd1) * (-1.0f / 6);
  g[2 * step] = (even1 - odd1) * (-1.0f / 6);
  g[3 * step] = (even2 + odd2) * (1.0f / 24);
  g[4 * step] = (even2 - odd2) * (1.0f / 24);
  g[5 * step] = g4;
}

/// G^T: the gradient of five taps from that of their six values.
FX_INLINE void fx_taps_of_points(vf *r, int step) {
  const vf sum1 = (r[step] + r[2 * step]) * (-1.0f / 6), difference1 = (r[step] - r[2 * step]) * (-1.0f / 6);
  const vf sum2 = (r[3 * step] + r[4 * step]) * (1.0f / 24), difference2 = (r[3 * step] - r[4 * step]) * (1.0f / 12);
  const vf last = r[5 * step];
  r[0] = 0.25f * r[0] + sum1 + sum2;
  r[step] = difference1 + difference2;
  r[2 * step] = sum1 + 4.0f * sum2;
  r[3 * step] = difference1 + 4.0f * difference2;
  r[4 * step] = sum1 + 16.0f * sum2 + last;
}

/// A^T: two outputs from six products.
FX_INLINE void fx_outputs_of_points(vf *m, int step) {
  const vf sum1 = m[step] + m[2 * step], difference1 = m[step] - m[2 * step];
  const vf sum2 = m[3 * step] + m[4 * step], difference2 = m[3 * step] - m[4 * step];
  m[0] = m[0] + sum1 + sum2;
  m[step] = vfma(vsplat(2), difference2, difference1) + m[5 * step];
}

/// A: the gradient of six products from that of two outputs.
FX_INLINE void fx_points_of_outputs(vf *y, int step) {
  const vf y0 = y[0], y1 = y[step];
  y[step] = y0 + y1;
  y[2 * step] = y0 - y1;
  y[3 * step] = vfma(vsplat(2), y1, y0);
  y[4 * step] = vfma(vsplat(-2), y1, y0);
  y[5 * step] = y1;
}

// MARK: - Layout

/// A convolution of framed images [rows + 4, columns + 4, c] to [rows, columns, f], by tiles of all images in a row.
typedef struct fx_winograd {
  int64_t images, rows, columns, c, f;
  int64_t source_rows, source_columns;
  fx_frame frame;
} fx_winograd;

FX_INLINE int fx_is_winograd(const fx_conv *s, int64_t rows, int64_t columns) {
  return s->kh == 5 && s->kw == 5 && s->sh == 1 && s->sw == 1 && s->c % FX_W == 0 && s->f % FX_W == 0 &&
         rows % 2 == 0 && columns % 2 == 0 && rows * columns >= 4 * FX_WINOGRAD_TILES;
}
FX_INLINE int64_t fx_winograd_image_tiles(const fx_winograd *w) { return w->rows / 2 * (w->columns / 2); }
FX_INLINE int64_t fx_winograd_frame_floats(const fx_winograd *w) { return w->frame.rows * w->frame.columns * w->c; }

/// Floats of: two framed images (a block of tiles touches no more), and both sides of a block at all positions.
FX_INLINE int64_t fx_winograd_block_floats(const fx_winograd *w) {
  return 2 * fx_winograd_frame_floats(w) + FX_POINTS * FX_WINOGRAD_TILES * (w->c + w->f);
}

/// Evaluates tiles first ..< first + count of x: values[position][tile][c].
static void fx_winograd_inputs(const fx_winograd *w, const float *x, int64_t first, int64_t count, float *frames,
                               int64_t *framed, float *values) {
  const int64_t per_image = fx_winograd_image_tiles(w), across = w->columns / 2, row = w->frame.columns * w->c;
  for (int64_t k = 0; k < count; k++) {
    const int64_t image = (first + k) / per_image, tile = (first + k) % per_image;
    float *frame = frames + image % 2 * fx_winograd_frame_floats(w);
    if (*framed <= image) {
      fx_frame_fill(&w->frame, x + image * w->source_rows * w->source_columns * w->c, w->source_rows,
                    w->source_columns, w->c, frame);
      *framed = image + 1;
    }
    const float *corner = frame + tile / across * 2 * row + tile % across * 2 * w->c;
    for (int64_t c = 0; c < w->c; c += FX_W) {
      vf d[FX_POINTS];
      FX_UNROLL for (int i = 0; i < 6; i++)
        FX_UNROLL for (int j = 0; j < 6; j++) d[i * 6 + j] = vload(corner + i * row + j * w->c + c);
      FX_UNROLL for (int j = 0; j < 6; j++) fx_points_of_input(d + j, 6);
      FX_UNROLL for (int i = 0; i < 6; i++) {
        fx_points_of_input(d + i * 6, 1);
        FX_UNROLL for (int j = 0; j < 6; j++)
          vstore(values + ((i * 6 + j) * FX_WINOGRAD_TILES + k) * w->c + c, d[i * 6 + j]);
      }
    }
  }
}

/// Where output tile `index` begins in y[images, rows, columns, f].
FX_INLINE int64_t fx_winograd_corner(const fx_winograd *w, int64_t index) {
  const int64_t per_image = fx_winograd_image_tiles(w), across = w->columns / 2, tile = index % per_image;
  return ((index / per_image * w->rows + tile / across * 2) * w->columns + tile % across * 2) * w->f;
}

/// taps[5, 5, c, f] evaluated: values[position][c, f].
static void fx_winograd_filter(int64_t c, int64_t f, const float *taps, float *values) {
  for (int64_t at = 0; at < c * f; at += FX_W) {
    vf g[FX_POINTS];
    FX_UNROLL for (int i = 0; i < 5; i++)
      FX_UNROLL for (int j = 0; j < 5; j++) g[i * 6 + j] = vload(taps + (i * 5 + j) * c * f + at);
    FX_UNROLL for (int j = 0; j < 5; j++) fx_points_of_taps(g + j, 6);
    FX_UNROLL for (int i = 0; i < 6; i++) {
      fx_points_of_taps(g + i * 6, 1);
      FX_UNROLL for (int j = 0; j < 6; j++) vstore(values + (i * 6 + j) * c * f + at, g[i * 6 + j]);
    }
  }
}

// MARK: - Convolution

FX_INLINE int64_t fx_winograd_floats(const fx_winograd *w) {
  return FX_POINTS * w->c * w->f + fx_winograd_block_floats(w);
}

/// The outputs of a block of tiles from their products[position][tile][f].
static void fx_winograd_outputs(const fx_winograd *w, const float *products, int64_t first, int64_t count,
                                const float *bias, int relu, float *y) {
  for (int64_t k = 0; k < count; k++) {
    float *corner = y + fx_winograd_corner(w, first + k);
    for (int64_t f = 0; f < w->f; f += FX_W) {
      vf m[FX_POINTS];
      FX_UNROLL for (int p = 0; p < FX_POINTS; p++) m[p] = vload(products + (p * FX_WINOGRAD_TILES + k) * w->f + f);
      FX_UNROLL for (int j = 0; j < 6; j++) fx_outputs_of_points(m + j, 6);
      const vf offset = bias ? vload(bias + f) : (vf){};
      FX_UNROLL for (int i = 0; i < 2; i++) {
        fx_outputs_of_points(m + i * 6, 1);
        FX_UNROLL for (int j = 0; j < 2; j++) {
          vf value = m[i * 6 + j] + offset;
          if (relu) value = vrelu(value);
          vstore(corner + (i * w->columns + j) * w->f + f, value);
        }
      }
    }
  }
}

static void fx_winograd_convolve(const fx_winograd *w, const float *x, const float *taps,
                                 const fx_epilogue *epilogue, float *y, float *scratch) {
  float *filter = scratch, *frames = filter + FX_POINTS * w->c * w->f;
  float *values = frames + 2 * fx_winograd_frame_floats(w);
  float *products = values + FX_POINTS * FX_WINOGRAD_TILES * w->c;
  fx_winograd_filter(w->c, w->f, taps, filter);
  const int64_t tiles = w->images * fx_winograd_image_tiles(w);
  int64_t framed = 0;
  for (int64_t first = 0; first < tiles; first += FX_WINOGRAD_TILES) {
    const int64_t count = fx_min64(FX_WINOGRAD_TILES, tiles - first);
    fx_winograd_inputs(w, x, first, count, frames, &framed, values);
    fx_tile t = {.ai = w->c, .at = 1, .bt = w->f, .steps = w->c, .segments = 1, .ci = w->f, .alpha = 1};
    for (int64_t p = 0; p < FX_POINTS; p++)
      for (int64_t f = 0; f < w->f; f += 2 * FX_W) {
        t.a = values + p * FX_WINOGRAD_TILES * w->c;
        t.b = filter + p * w->c * w->f + f;
        t.c = products + p * FX_WINOGRAD_TILES * w->f + f;
        fx_conv_row(&t, count, fx_min64(2 * FX_W, w->f - f));
      }
    fx_winograd_outputs(w, products, first, count, epilogue ? epilogue->bias : NULL, epilogue && epilogue->relu, y);
  }
}

// MARK: - Filter gradient

/// Evaluates the gradients of a block of output tiles: values[position][tile][f].
static void fx_winograd_output_gradients(const fx_winograd *w, const float *dy, int64_t first, int64_t count,
                                         float *values) {
  for (int64_t k = 0; k < count; k++) {
    const float *corner = dy + fx_winograd_corner(w, first + k);
    for (int64_t f = 0; f < w->f; f += FX_W) {
      vf m[FX_POINTS];
      FX_UNROLL for (int i = 0; i < 2; i++)
        FX_UNROLL for (int j = 0; j < 2; j++) m[i * 6 + j] = vload(corner + (i * w->columns + j) * w->f + f);
      FX_UNROLL for (int j = 0; j < 2; j++) fx_points_of_outputs(m + j, 6);
      FX_UNROLL for (int i = 0; i < 6; i++) {
        fx_points_of_outputs(m + i * 6, 1);
        FX_UNROLL for (int j = 0; j < 6; j++)
          vstore(values + ((i * 6 + j) * FX_WINOGRAD_TILES + k) * w->f + f, m[i * 6 + j]);
      }
    }
  }
}

static void fx_winograd_filter_gradient(const fx_winograd *w, const float *x, const float *dy, float alpha, float beta,
                                        float *dfilter, float *scratch) {
  const int64_t area = w->c * w->f, tiles = w->images * fx_winograd_image_tiles(w);
  float *sums = scratch, *frames = sums + FX_POINTS * area;
  float *values = frames + 2 * fx_winograd_frame_floats(w);
  float *gradients = values + FX_POINTS * FX_WINOGRAD_TILES * w->c;
  int64_t framed = 0;
  for (int64_t first = 0; first < tiles; first += FX_WINOGRAD_TILES) {
    const int64_t count = fx_min64(FX_WINOGRAD_TILES, tiles - first);
    fx_winograd_inputs(w, x, first, count, frames, &framed, values);
    fx_winograd_output_gradients(w, dy, first, count, gradients);
    fx_tile t = {.ai = 1, .at = w->c, .bt = w->f, .steps = count, .segments = 1, .ci = w->f, .alpha = 1};
    t.beta = first == 0 ? 0 : 1;
    for (int64_t p = 0; p < FX_POINTS; p++)
      for (int64_t f = 0; f < w->f; f += 2 * FX_W) {
        t.a = values + p * FX_WINOGRAD_TILES * w->c;
        t.b = gradients + p * FX_WINOGRAD_TILES * w->f + f;
        t.c = sums + p * area + f;
        fx_conv_row(&t, w->c, fx_min64(2 * FX_W, w->f - f));
      }
  }
  for (int64_t at = 0; at < area; at += FX_W) {
    vf r[FX_POINTS];
    FX_UNROLL for (int p = 0; p < FX_POINTS; p++) r[p] = vload(sums + p * area + at);
    FX_UNROLL for (int j = 0; j < 6; j++) fx_taps_of_points(r + j, 6);
    FX_UNROLL for (int i = 0; i < 5; i++) {
      fx_taps_of_points(r + i * 6, 1);
      FX_UNROLL for (int j = 0; j < 5; j++) {
        float *to = dfilter + (i * 5 + j) * area + at;
        const vf gradient = r[i * 6 + j] * alpha;
        vstore(to, beta == 0 ? gradient : vfma(vsplat(beta), vload(to), gradient));
      }
    }
  }
}
