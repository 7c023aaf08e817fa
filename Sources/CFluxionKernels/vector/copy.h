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

FX_INLINE void fx_normalise(const uint8_t *row, const float *scale, const float *shift, const int per_feature,
                            int64_t n, float *out) {
  int64_t j = 0;
  for (; j + FX_W <= n; j += FX_W) {
    const vf x = __builtin_convertvector(*(const vb_unaligned *)(row + j), vf);
    const vf a = per_feature ? vload(scale + j) : vsplat(*scale);
    vstore(out + j, vfma(x, a, per_feature ? vload(shift + j) : vsplat(*shift)));
  }
  if (j < n) {
    const vmask m = vfirst(n - j);
    vb bytes = {};
    memcpy(&bytes, row + j, (size_t)(n - j));
    const vf x = __builtin_convertvector(bytes, vf);
    const vf a = per_feature ? vload_first(scale + j, m) : vsplat(*scale);
    vstore_first(out + j, vfma(x, a, per_feature ? vload_first(shift + j, m) : vsplat(*shift)), m);
  }
}

static void fx_path_gather_rows_u8(const uint8_t *data, int64_t row_len, const int32_t *idx, int rows,
                                   const float *scale, const float *shift, int per_feature, float *out) {
  for (int64_t r = 0; r < rows; r++, out += row_len) {
    if (per_feature)
      fx_normalise(data + idx[r] * row_len, scale, shift, 1, row_len, out);
    else
      fx_normalise(data + idx[r] * row_len, scale, shift, 0, row_len, out);
  }
}

static void fx_path_gather_rows_f32(const float *data, int64_t row_len, const int32_t *idx, int rows, float *out) {
  for (int64_t r = 0; r < rows; r++)
    memcpy(out + r * row_len, data + idx[r] * row_len, (size_t)row_len * sizeof(float));
}
