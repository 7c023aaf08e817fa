// The three convolutions: which way each takes, and the direct form.

// MARK: - Forward

FX_INLINE fx_winograd fx_winograd_forward(const fx_conv *s) {
  return (fx_winograd){s->n, s->oh, s->ow, s->c, s->f, s->h, s->w, fx_conv_frame(s)};
}

static size_t fx_path_conv2d_scratch_bytes(const fx_conv *s) {
  const int pixels = s->n * s->h * s->w;
  if (fx_is_winograd(s, s->oh, s->ow)) {
    const fx_winograd w = fx_winograd_forward(s);
    return (size_t)fx_winograd_floats(&w) * sizeof(float);
  }
  return fx_conv_is_product(s) ? fx_path_sgemm_scratch_bytes(0, 0, pixels, s->f, s->c) : fx_conv_frame_bytes(s);
}

static void fx_path_conv2d(const fx_conv *s, const float *x, const float *filter, const fx_epilogue *epilogue, float *y,
                           void *scratch) {
  if (fx_conv_is_product(s)) {
    fx_path_sgemm_ep(0, 0, s->n * s->h * s->w, s->f, s->c, 1, x, s->c, filter, s->f, 0, y, s->f, epilogue, scratch);
    return;
  }
  if (fx_is_winograd(s, s->oh, s->ow)) {
    const fx_winograd w = fx_winograd_forward(s);
    fx_winograd_convolve(&w, x, filter, epilogue, y, scratch);
    return;
  }
  const fx_frame frame = fx_conv_frame(s);
  const int in_place = fx_conv_in_place(s);
  const int64_t row = (in_place ? s->w : frame.columns) * s->c, panel = 2 * FX_W;
  fx_tile t = {.ai = (int64_t)s->sw * s->c, .at = 1, .as = row, .bt = s->f, .bs = (int64_t)s->kw * s->c * s->f};
  t.steps = (int64_t)s->kw * s->c, t.segments = s->kh, t.ci = s->f, t.alpha = 1;
  t.relu = epilogue && epilogue->relu;
  for (int64_t i = 0; i < s->n; i++) {
    const float *image = x + i * s->h * s->w * s->c;
    if (!in_place) {
      fx_frame_fill(&frame, image, s->h, s->w, s->c, scratch);
      image = scratch;
    }
    for (int64_t f = 0; f < s->f; f += panel) {
      t.b = filter + f;
      t.bias = epilogue && epilogue->bias ? epilogue->bias + f : NULL;
      for (int64_t r = 0; r < s->oh; r++) {
        t.a = image + r * s->sh * row;
        t.c = y + ((i * s->oh + r) * s->ow) * s->f + f;
        fx_conv_row(&t, s->ow, fx_min64(panel, s->f - f));
      }
    }
  }
}

// MARK: - Input gradient

// With a stride, input rows fall into sh phases by (row + pt) % sh: a phase sees only every sh-th row of the filter,
// and is then a convolution of stride 1 of dy with those taps, flipped and transposed. The same holds for columns.

/// Taps of phase p of a filter of k taps, and of the fullest phase.
FX_INLINE int64_t fx_phase_taps(int64_t k, int64_t stride, int64_t p) {
  return p < k ? (k - p + stride - 1) / stride : 0;
}

FX_INLINE fx_frame fx_conv_dy_frame(const fx_conv *s) {
  const int64_t top = fx_phase_taps(s->kh, s->sh, 0) - 1, left = fx_phase_taps(s->kw, s->sw, 0) - 1;
  return (fx_frame){top + (s->h - 1 + s->pt) / s->sh + 1, left + (s->w - 1 + s->pl) / s->sw + 1, top, left};
}

/// dy convolved with the flipped filter: c and f change places.
FX_INLINE fx_winograd fx_winograd_backward(const fx_conv *s) {
  return (fx_winograd){s->n, s->h, s->w, s->f, s->c, s->oh, s->ow, {s->h + 4, s->w + 4, 4 - s->pt, 4 - s->pl}};
}
FX_INLINE int fx_is_winograd_backward(const fx_conv *s) {
  return s->pt <= 4 && s->pl <= 4 && fx_is_winograd(s, s->h, s->w);
}

static size_t fx_path_conv2d_input_gradient_scratch_bytes(const fx_conv *s) {
  if (fx_conv_is_product(s)) return fx_path_sgemm_scratch_bytes(0, 1, s->n * s->h * s->w, s->c, s->f);
  const fx_frame frame = fx_conv_dy_frame(s);
  int64_t floats = (int64_t)s->kh * s->kw * s->c * s->f + frame.rows * frame.columns * s->f;
  if (fx_is_winograd_backward(s)) {
    const fx_winograd w = fx_winograd_backward(s);
    floats += fx_winograd_floats(&w);
  }
  return (size_t)floats * sizeof(float);
}

/// One phase of one image.
static void fx_conv_input_phase(const fx_conv *s, const fx_frame *frame, const float *dy, const float *taps, int64_t py,
                                int64_t px, float *dx) {
  const int64_t rows = fx_phase_taps(s->kh, s->sh, py), columns = fx_phase_taps(s->kw, s->sw, px);
  const int64_t row = frame->columns * s->f, panel = 2 * FX_W;
  fx_tile t = {.ai = s->f, .at = 1, .as = row, .bt = s->c, .bs = columns * s->f * s->c};
  t.steps = columns * s->f, t.segments = rows, t.ci = (int64_t)s->sw * s->c, t.alpha = 1;
  const int64_t x0 = (px - s->pl % s->sw + s->sw) % s->sw, width = (s->w - x0 + s->sw - 1) / s->sw;
  const int64_t left = (x0 + s->pl) / s->sw + frame->left + 1 - columns;
  if (x0 >= s->w) return;
  for (int64_t c = 0; c < s->c; c += panel) {
    t.b = taps + c;
    for (int64_t y0 = (py - s->pt % s->sh + s->sh) % s->sh; y0 < s->h; y0 += s->sh) {
      t.a = dy + ((y0 + s->pt) / s->sh + frame->top + 1 - rows) * row + left * s->f;
      t.c = dx + (y0 * s->w + x0) * s->c + c;
      fx_conv_row(&t, width, fx_min64(panel, s->c - c));
    }
  }
}

static void fx_path_conv2d_input_gradient(const fx_conv *s, const float *dy, const float *filter, float *dx,
                                          void *scratch) {
  const int64_t tap = (int64_t)s->c * s->f;
  if (fx_conv_is_product(s)) {
    fx_path_sgemm_ep(0, 1, s->n * s->h * s->w, s->c, s->f, 1, dy, s->f, filter, s->f, 0, dx, s->c, NULL, scratch);
    return;
  }
  const fx_frame frame = fx_conv_dy_frame(s);
  float *flipped = scratch, *framed = flipped + s->kh * s->kw * tap, *next = flipped;
  for (int64_t py = 0; py < s->sh; py++)
    for (int64_t px = 0; px < s->sw; px++)
      for (int64_t u = fx_phase_taps(s->kh, s->sh, py); u-- > 0;)
        for (int64_t v = fx_phase_taps(s->kw, s->sw, px); v-- > 0; next += tap)
          fx_transpose(s->c, s->f, filter + ((py + u * s->sh) * s->kw + px + v * s->sw) * tap, s->f, next, s->c);
  if (fx_is_winograd_backward(s)) {
    const fx_winograd w = fx_winograd_backward(s);
    fx_winograd_convolve(&w, dy, flipped, NULL, dx, framed);
    return;
  }
  for (int64_t i = 0; i < s->n; i++) {
    fx_frame_fill(&frame, dy + i * s->oh * s->ow * s->f, s->oh, s->ow, s->f, framed);
    const float *taps = flipped;
    for (int64_t py = 0; py < s->sh; py++)
      for (int64_t px = 0; px < s->sw; px++) {
        fx_conv_input_phase(s, &frame, framed, taps, py, px, dx + i * s->h * s->w * s->c);
        taps += fx_phase_taps(s->kh, s->sh, py) * fx_phase_taps(s->kw, s->sw, px) * tap;
      }
  }
}

// MARK: - Filter gradient

// Row u of the filter's gradient is [kw * c, f]: the sum over pixels of the patch row (a transposed A) times dy.

/// Bytes of one column panel of dy that a block of output rows may take, to stay in the first-level cache.
enum { FX_CONV_DY_BYTES = 14 << 10 };

static size_t fx_path_conv2d_filter_gradient_scratch_bytes(const fx_conv *s) {
  if (fx_is_winograd(s, s->oh, s->ow)) {
    const fx_winograd w = fx_winograd_forward(s);
    return (size_t)fx_winograd_floats(&w) * sizeof(float);
  }
  return (size_t)((int64_t)s->kh * s->kw * s->c * s->f) * sizeof(float) + fx_conv_frame_bytes(s);
}

/// Adds the gradient over `rows` output rows of an image; `image` and `dy` point at the first of them.
static void fx_conv_filter_block(const fx_conv *s, const float *image, int64_t row, const float *dy, int64_t rows,
                                 float beta, float *sum) {
  const int64_t run = (int64_t)s->kw * s->c, tiles = fx_tile_count(run), panel = 2 * FX_W;
  fx_tile t = {.ai = 1, .at = (int64_t)s->sw * s->c, .as = s->sh * row, .bt = s->f, .bs = (int64_t)s->ow * s->f};
  t.steps = s->ow, t.segments = rows, t.ci = s->f, t.alpha = 1, t.beta = beta;
  for (int64_t f = 0; f < s->f; f += panel) {
    t.b = dy + f;
    for (int64_t u = 0; u < s->kh; u++)
      for (int64_t i = 0; i < tiles; i++) {
        const int64_t first = fx_tile_start(run, tiles, i), count = fx_tile_start(run, tiles, i + 1) - first;
        t.a = image + u * row + first;
        t.c = sum + (u * run + first) * s->f + f;
        fx_tile_for(&t, count, fx_min64(panel, s->f - f))(&t);
      }
  }
}

static void fx_path_conv2d_filter_gradient(const fx_conv *s, const float *x, const float *dy, float alpha, float beta,
                                           float *dfilter, void *scratch) {
  if (s->n > 0 && fx_is_winograd(s, s->oh, s->ow)) {
    const fx_winograd w = fx_winograd_forward(s);
    fx_winograd_filter_gradient(&w, x, dy, alpha, beta, dfilter, scratch);
    return;
  }
  const int64_t count = (int64_t)s->kh * s->kw * s->c * s->f;
  const fx_frame frame = fx_conv_frame(s);
  const int in_place = fx_conv_in_place(s);
  const int64_t row = (in_place ? s->w : frame.columns) * s->c;
  float *sum = scratch, *framed = sum + count;
  const int64_t rows = fx_max64(1, fx_min64(s->oh, FX_CONV_DY_BYTES / (2 * FX_W * 4 * (int64_t)s->ow)));
  const int64_t blocks = (s->oh + rows - 1) / rows;
  for (int64_t i = 0; i < s->n; i++) {
    const float *image = x + i * s->h * s->w * s->c;
    if (!in_place) {
      fx_frame_fill(&frame, image, s->h, s->w, s->c, framed);
      image = framed;
    }
    for (int64_t b = 0; b < blocks; b++) {
      const int64_t r = fx_tile_start(s->oh, blocks, b), end = fx_tile_start(s->oh, blocks, b + 1);
      fx_conv_filter_block(s, image + r * s->sh * row, row, dy + (i * s->oh + r) * s->ow * s->f, end - r,
                           i + b == 0 ? 0 : 1, sum);
    }
  }
  if (s->n <= 0) memset(sum, 0, (size_t)count * sizeof(float));
  // Summed apart from dfilter, whose elements are large beside the gradient of one image.
  for (int64_t j = 0; j < count; j++) dfilter[j] = alpha * sum[j] + (beta == 0 ? 0 : beta * dfilter[j]);
}
