// Moving elements: transposes, slices, pads, and the rows of a minibatch.

typedef float v4 __attribute__((vector_size(16)));
typedef float v4_unaligned __attribute__((vector_size(16), aligned(4), may_alias));

/// dst[j * dst_row + i] = src[i * src_row + j] for 4 × 4 elements.
FX_INLINE void fx_transpose4(const float *src, int64_t src_row, float *dst, int64_t dst_row) {
  const v4 a = *(const v4_unaligned *)src, b = *(const v4_unaligned *)(src + src_row);
  const v4 c = *(const v4_unaligned *)(src + 2 * src_row), d = *(const v4_unaligned *)(src + 3 * src_row);
  const v4 ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const v4 cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  *(v4_unaligned *)dst = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
  *(v4_unaligned *)(dst + dst_row) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
  *(v4_unaligned *)(dst + 2 * dst_row) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
  *(v4_unaligned *)(dst + 3 * dst_row) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

/// dst[j * dst_row + i] = src[i * src_row + j] for i < rows, j < columns, by blocks that stay in the first-level cache.
static void fx_transpose(int64_t rows, int64_t columns, const float *src, int64_t src_row, float *dst,
                         int64_t dst_row) {
  enum { block = 32 };
  for (int64_t i0 = 0; i0 < rows; i0 += block)
    for (int64_t j0 = 0; j0 < columns; j0 += block) {
      const int64_t i1 = i0 + block < rows ? i0 + block : rows, j1 = j0 + block < columns ? j0 + block : columns;
      const int64_t i4 = i0 + (i1 - i0) / 4 * 4, j4 = j0 + (j1 - j0) / 4 * 4;
      for (int64_t j = j0; j < j4; j += 4)
        for (int64_t i = i0; i < i4; i += 4)
          fx_transpose4(src + i * src_row + j, src_row, dst + j * dst_row + i, dst_row);
      for (int64_t j = j0; j < j1; j++)
        for (int64_t i = j < j4 ? i4 : i0; i < i1; i++) dst[j * dst_row + i] = src[i * src_row + j];
    }
}

enum { FX_COPY_RANK = 8 };
typedef struct fx_nest {
  int rank;
  int64_t dims[FX_COPY_RANK], src[FX_COPY_RANK], dst[FX_COPY_RANK];
} fx_nest;

static void fx_copy_nest(const fx_nest *nest, int depth, const float *src, float *dst) {
  const int left = nest->rank - depth;
  const int64_t *dims = nest->dims + depth, *from = nest->src + depth, *to = nest->dst + depth;
  if (left > 2 || (left == 2 && !(to[1] == 1 && from[0] == 1))) {
    for (int64_t i = 0; i < dims[0]; i++) fx_copy_nest(nest, depth + 1, src + i * from[0], dst + i * to[0]);
  } else if (left == 2) {
    fx_transpose(dims[1], dims[0], src, from[1], dst, to[0]);
  } else if (left == 0) {
    *dst = *src;
  } else if (from[0] == 1 && to[0] == 1) {
    memcpy(dst, src, (size_t)dims[0] * sizeof(float));
  } else {
    for (int64_t i = 0; i < dims[0]; i++) dst[i * to[0]] = src[i * from[0]];
  }
}

static void fx_path_strided_copy(int rank, const int64_t *dims, const int64_t *src_strides,
                                 const int64_t *dst_strides, const float *src, float *dst) {
  fx_nest nest = {0};
  for (int d = 0; d < rank; d++) {
    if (dims[d] <= 0) return;
    if (dims[d] == 1) continue;
    // By falling stride of the destination, so that it is written in order.
    int at = nest.rank++;
    for (; at > 0 && nest.dst[at - 1] < dst_strides[d]; at--) {
      nest.dims[at] = nest.dims[at - 1], nest.src[at] = nest.src[at - 1], nest.dst[at] = nest.dst[at - 1];
    }
    nest.dims[at] = dims[d], nest.src[at] = src_strides[d], nest.dst[at] = dst_strides[d];
  }
  // Neighbours that both sides step through as one are one.
  int kept = 0;
  for (int d = 1; d < nest.rank; d++) {
    if (nest.src[kept] == nest.dims[d] * nest.src[d] && nest.dst[kept] == nest.dims[d] * nest.dst[d]) {
      nest.dims[kept] *= nest.dims[d];
    } else {
      kept++;
      nest.dims[kept] = nest.dims[d];
    }
    nest.src[kept] = nest.src[d], nest.dst[kept] = nest.dst[d];
  }
  if (nest.rank > 0) nest.rank = kept + 1;
  // The dimension that the source steps through next to the innermost makes a transpose of the two.
  for (int d = 0; d + 2 < nest.rank; d++) {
    if (nest.src[d] != 1) continue;
    const int64_t moved[3] = {nest.dims[d], nest.src[d], nest.dst[d]};
    for (int e = d; e + 2 < nest.rank; e++)
      nest.dims[e] = nest.dims[e + 1], nest.src[e] = nest.src[e + 1], nest.dst[e] = nest.dst[e + 1];
    nest.dims[nest.rank - 2] = moved[0], nest.src[nest.rank - 2] = moved[1], nest.dst[nest.rank - 2] = moved[2];
    break;
  }
  fx_copy_nest(&nest, 0, src, dst);
}

typedef uint8_t vb __attribute__((vector_size(FX_W)));
typedef uint8_t vb_unaligned __attribute__((vector_size(FX_W), aligned(1), may_alias));

/// x * scale + shift, rounded after each on every path, so that a batch has the same bits on all.
FX_INLINE vf fx_affine(vf x, vf scale, vf shift) {
#pragma clang fp contract(off)
  return x * scale + shift;
}

/// One row of `n` bytes or floats, normalised; a stride is 0 for one number and 1 for one a column.
FX_INLINE void fx_normalise(const void *row, const int is_bytes, const float *scale, const int scale_stride,
                            const float *shift, const int shift_stride, int64_t n, float *out) {
  const uint8_t *bytes = row;
  const float *floats = row;
  int64_t j = 0;
  for (; j + FX_W <= n; j += FX_W) {
    const vf x = is_bytes ? __builtin_convertvector(*(const vb_unaligned *)(bytes + j), vf) : vload(floats + j);
    const vf a = scale_stride ? vload(scale + j) : vsplat(*scale), b = shift_stride ? vload(shift + j) : vsplat(*shift);
    vstore(out + j, fx_affine(x, a, b));
  }
  if (j < n) {
    const vmask m = vfirst(n - j);
    vb last = {};
    if (is_bytes) memcpy(&last, bytes + j, (size_t)(n - j));
    const vf x = is_bytes ? __builtin_convertvector(last, vf) : vload_first(floats + j, m);
    const vf a = scale_stride ? vload_first(scale + j, m) : vsplat(*scale);
    vstore_first(out + j, fx_affine(x, a, shift_stride ? vload_first(shift + j, m) : vsplat(*shift)), m);
  }
}

FX_INLINE void fx_gather_rows(const char *data, const int is_bytes, int64_t row_len, const int32_t *idx, int64_t rows,
                              const float *scale, int scale_stride, const float *shift, int shift_stride, float *out) {
  const int64_t row_bytes = row_len * (is_bytes ? 1 : 4);
  for (int64_t r = 0; r < rows; r++, out += row_len) {
    const char *row = data + idx[r] * row_bytes;
    // Rows lie anywhere in the dataset: the one after next is asked for before it is needed.
    if (r + 2 < rows) {
      const char *ahead = data + idx[r + 2] * row_bytes;
      const int64_t near = row_bytes < 1024 ? row_bytes : 1024;
      for (int64_t at = 0; at < near; at += 64) __builtin_prefetch(ahead + at);
    }
    if (scale_stride) {
      if (shift_stride)
        fx_normalise(row, is_bytes, scale, 1, shift, 1, row_len, out);
      else
        fx_normalise(row, is_bytes, scale, 1, shift, 0, row_len, out);
    } else if (shift_stride) {
      fx_normalise(row, is_bytes, scale, 0, shift, 1, row_len, out);
    } else {
      fx_normalise(row, is_bytes, scale, 0, shift, 0, row_len, out);
    }
  }
}

static void fx_path_gather_rows_u8(const uint8_t *data, int64_t row_len, const int32_t *idx, int64_t rows,
                                   const float *scale, int scale_stride, const float *shift, int shift_stride,
                                   float *out) {
  fx_gather_rows((const char *)data, 1, row_len, idx, rows, scale, scale_stride, shift, shift_stride, out);
}

static void fx_path_gather_rows_f32(const float *data, int64_t row_len, const int32_t *idx, int64_t rows,
                                    const float *scale, int scale_stride, const float *shift, int shift_stride,
                                    float *out) {
  fx_gather_rows((const char *)data, 0, row_len, idx, rows, scale, scale_stride, shift, shift_stride, out);
}
