// Pooling over NHWC images, a vector of channels at a time. The window of the usual 2 × 2 is known to the compiler.

typedef struct fx_window {
  int64_t top, left;      // of the window in the image; may lie in the padding
  int64_t u0, u1, v0, v1;  // the part that is inside the image
} fx_window;

FX_INLINE fx_window fx_window_at(const fx_pool *s, int kh, int kw, int64_t i, int64_t j) {
  fx_window w = {i * s->sh - s->pt, j * s->sw - s->pl, 0, kh, 0, kw};
  if (w.top < 0) w.u0 = -w.top;
  if (w.left < 0) w.v0 = -w.left;
  if (w.top + kh > s->h) w.u1 = s->h - w.top;
  if (w.left + kw > s->w) w.v1 = s->w - w.left;
  return w;
}

/// A load or store of the channels from c on, partial where fewer than a vector are left.
typedef struct fx_lanes {
  int whole;
  vmask mask;
} fx_lanes;
FX_INLINE fx_lanes fx_lanes_from(const fx_pool *s, int64_t c) {
  const int whole = c + FX_W <= s->c;
  return (fx_lanes){whole, vfirst(whole ? FX_W : s->c - c)};
}
FX_INLINE vf fx_lanes_load(fx_lanes l, const float *p) { return l.whole ? vload(p) : vload_first(p, l.mask); }
FX_INLINE void fx_lanes_store(fx_lanes l, float *p, vf v) {
  if (l.whole)
    vstore(p, v);
  else
    vstore_first(p, v, l.mask);
}

/// The first maximum of a window for a vector of channels: its value, and its tap u * kw + v (-1 if there is none).
FX_INLINE vf fx_window_top(const fx_pool *s, const fx_window *w, int kw, const float *image, fx_lanes l, vi *tap) {
  vf best = vsplat(-INFINITY);
  vi at = vsplat_i(-1);
  for (int64_t u = w->u0; u < w->u1; u++)
    for (int64_t v = w->v0; v < w->v1; v++) {
      const vf x = fx_lanes_load(l, image + ((w->top + u) * s->w + w->left + v) * s->c);
      const vi better = (x > best) | (at < 0);
      best = vselect(better, x, best);
      at = (vi)((better & (int32_t)(u * kw + v)) | (~better & at));
    }
  *tap = at;
  return best;
}

// Runs `body` for every output vector: `image` is the input image at channel c, `y` the index of the output, `w` the
// window. The window of a pooling without padding is whole.
#define FX_EACH_WINDOW(s, kh, kw, padded, body)                                                              \
  for (int64_t in = 0; in < (s)->n; in++)                                                                    \
    for (int64_t i = 0; i < (s)->oh; i++)                                                                    \
      for (int64_t j = 0; j < (s)->ow; j++) {                                                                \
        fx_window w = fx_window_at(s, kh, kw, i, j);                                                         \
        if (!(padded)) w.u0 = w.v0 = 0, w.u1 = kh, w.v1 = kw;                                                \
        const int64_t image = in * (s)->h * (s)->w * (s)->c, y = ((in * (s)->oh + i) * (s)->ow + j) * (s)->c; \
        for (int64_t c = 0; c < (s)->c; c += FX_W) {                                                         \
          const fx_lanes l = fx_lanes_from(s, c);                                                            \
          body                                                                                               \
        }                                                                                                    \
      }

FX_INLINE void fx_max_pool_run(const fx_pool *s, const int kh, const int kw, const int padded, const float *x,
                               float *out) {
  FX_EACH_WINDOW(s, kh, kw, padded, {
    vi tap;
    fx_lanes_store(l, out + y + c, fx_window_top(s, &w, kw, x + image + c, l, &tap));
  })
}

FX_INLINE void fx_max_pool_gather_run(const fx_pool *s, const int kh, const int kw, const int padded, const float *x,
                                      const float *values, float *out) {
  FX_EACH_WINDOW(s, kh, kw, padded, {
    vi tap;
    fx_window_top(s, &w, kw, x + image + c, l, &tap);
    vf picked = {};
    for (int64_t u = w.u0; u < w.u1; u++)
      for (int64_t v = w.v0; v < w.v1; v++) {
        const vf value = fx_lanes_load(l, values + image + ((w.top + u) * s->w + w.left + v) * s->c + c);
        picked = vselect(tap == vsplat_i((int32_t)(u * kw + v)), value, picked);
      }
    fx_lanes_store(l, out + y + c, picked);
  })
}

/// `once`: every input belongs to exactly one window, so that dx is stored rather than added to.
FX_INLINE void fx_max_pool_scatter_run(const fx_pool *s, const int kh, const int kw, const int padded, const int once,
                                       const float *x, const float *g, float *dx) {
  if (!once) memset(dx, 0, (size_t)((int64_t)s->n * s->h * s->w * s->c) * sizeof(float));
  FX_EACH_WINDOW(s, kh, kw, padded, {
    vi tap;
    fx_window_top(s, &w, kw, x + image + c, l, &tap);
    const vf gradient = fx_lanes_load(l, g + y + c);
    for (int64_t u = w.u0; u < w.u1; u++)
      for (int64_t v = w.v0; v < w.v1; v++) {
        float *to = dx + image + ((w.top + u) * s->w + w.left + v) * s->c + c;
        const vf share = vselect(tap == vsplat_i((int32_t)(u * kw + v)), gradient, (vf){});
        fx_lanes_store(l, to, once ? share : share + fx_lanes_load(l, to));
      }
  })
}

FX_INLINE void fx_avg_pool_run(const fx_pool *s, const int kh, const int kw, const int padded, const float *x,
                               float *out) {
  const float count = (float)(kh * kw);
  FX_EACH_WINDOW(s, kh, kw, padded, {
    vf sum = {};
    for (int64_t u = w.u0; u < w.u1; u++)
      for (int64_t v = w.v0; v < w.v1; v++)
        sum += fx_lanes_load(l, x + image + ((w.top + u) * s->w + w.left + v) * s->c + c);
    fx_lanes_store(l, out + y + c, sum / count);
  })
}

FX_INLINE void fx_avg_pool_gradient_run(const fx_pool *s, const int kh, const int kw, const int padded, const int once,
                                        const float *g, float *dx) {
  const float count = (float)(kh * kw);
  if (!once) memset(dx, 0, (size_t)((int64_t)s->n * s->h * s->w * s->c) * sizeof(float));
  FX_EACH_WINDOW(s, kh, kw, padded, {
    const vf share = fx_lanes_load(l, g + y + c) / count;
    for (int64_t u = w.u0; u < w.u1; u++)
      for (int64_t v = w.v0; v < w.v1; v++) {
        float *to = dx + image + ((w.top + u) * s->w + w.left + v) * s->c + c;
        fx_lanes_store(l, to, once ? share : share + fx_lanes_load(l, to));
      }
  })
}

/// 2 × 2 windows side by side that tile the image exactly.
FX_INLINE int fx_pool_is_two(const fx_pool *s) {
  return s->kh == 2 && s->kw == 2 && s->sh == 2 && s->sw == 2 && s->pt == 0 && s->pl == 0 && s->h == 2 * s->oh &&
         s->w == 2 * s->ow;
}

#define FX_POOL(name, parameters, ...)                          \
  static void fx_path_##name parameters {                       \
    if (fx_pool_is_two(s))                                      \
      fx_##name##_run(s, 2, 2, 0, __VA_ARGS__);                 \
    else                                                        \
      fx_##name##_run(s, s->kh, s->kw, 1, __VA_ARGS__);         \
  }
FX_POOL(max_pool, (const fx_pool *s, const float *x, float *y), x, y)
FX_POOL(max_pool_gather, (const fx_pool *s, const float *x, const float *v, float *y), x, v, y)
FX_POOL(max_pool_scatter, (const fx_pool *s, const float *x, const float *g, float *dx), fx_pool_is_two(s), x, g, dx)
FX_POOL(avg_pool, (const fx_pool *s, const float *x, float *y), x, y)
FX_POOL(avg_pool_gradient, (const fx_pool *s, const float *g, float *dx), fx_pool_is_two(s), g, dx)
