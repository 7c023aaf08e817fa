// Convolutions without im2col: the patch of an output pixel is, row by row of the filter, a contiguous run of kw * c
// floats of the (padded) image, and neighbouring pixels' runs lie sw * c apart. So each output row is a product of
// overlapping rows of A with the filter, which the register tile computes in place; the filter streams from the
// second-level cache. Both gradients have the same form.

FX_INLINE int64_t fx_min64(int64_t a, int64_t b) { return a < b ? a : b; }
FX_INLINE int64_t fx_max64(int64_t a, int64_t b) { return a > b ? a : b; }

/// A frame of rows × columns pixels around an image [h, w, c] that begins at (top, left) of it; zero elsewhere.
typedef struct fx_frame {
  int64_t rows, columns, top, left;
} fx_frame;

static void fx_frame_fill(const fx_frame *frame, const float *image, int64_t h, int64_t w, int64_t c, float *out) {
  const int64_t run = fx_min64(w, frame->columns - frame->left) * c, left = frame->left * c;
  const int64_t width = frame->columns * c;
  for (int64_t i = 0; i < frame->rows; i++, out += width) {
    const int64_t row = i - frame->top;
    if (row < 0 || row >= h || run <= 0) {
      memset(out, 0, (size_t)width * sizeof(float));
      continue;
    }
    memset(out, 0, (size_t)left * sizeof(float));
    memcpy(out + left, image + row * w * c, (size_t)run * sizeof(float));
    memset(out + left + run, 0, (size_t)(width - left - run) * sizeof(float));
  }
}

/// The part of the padded image that the outputs read, and whether it is the image itself.
FX_INLINE fx_frame fx_conv_frame(const fx_conv *s) {
  return (fx_frame){(int64_t)(s->oh - 1) * s->sh + s->kh, (int64_t)(s->ow - 1) * s->sw + s->kw, s->pt, s->pl};
}
FX_INLINE int fx_conv_in_place(const fx_conv *s) {
  const fx_frame frame = fx_conv_frame(s);
  return s->pt == 0 && s->pl == 0 && frame.rows <= s->h && frame.columns <= s->w;
}
FX_INLINE size_t fx_conv_frame_bytes(const fx_conv *s) {
  const fx_frame frame = fx_conv_frame(s);
  return fx_conv_in_place(s) ? 0 : (size_t)(frame.rows * frame.columns * s->c) * sizeof(float);
}

/// Whether every output pixel is the product of one input pixel with the filter.
FX_INLINE int fx_conv_is_product(const fx_conv *s) {
  return s->kh == 1 && s->kw == 1 && s->sh == 1 && s->sw == 1 && s->oh == s->h && s->ow == s->w && s->pt == 0 &&
         s->pl == 0;
}

/// One row of `width` pixels: t's a and c point at its first pixel, b at the first of `columns` output channels.
FX_INLINE void fx_conv_row(const fx_tile *t, int64_t width, int64_t columns) {
  const int64_t tiles = fx_tile_count(width);
  for (int64_t i = 0; i < tiles; i++) {
    const int64_t first = fx_tile_start(width, tiles, i);
    fx_tile part = *t;
    part.a += first * t->ai;
    part.c += first * t->ci;
    fx_tile_for(&part, fx_tile_start(width, tiles, i + 1) - first, columns)(&part);
  }
}

