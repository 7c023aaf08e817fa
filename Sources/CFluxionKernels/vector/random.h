// Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011): as many blocks at once as 64-bit lanes fit a vector.

static void fx_path_philox_uniform(uint32_t key_low, uint32_t key_high, uint64_t stream, int64_t n, float *out) {
  const vq low = (vq){} + 0xFFFFFFFF;
  vq lane;
  FX_UNROLL for (int l = 0; l < FX_HALF; l++) lane[l] = (uint64_t)l;
  for (int64_t i = 0; i < n; i += 4 * FX_HALF) {
    const vq block = lane + (uint64_t)i / 4;
    vq x0 = block & low, x1 = block >> 32, x2 = (vq){} + (stream & 0xFFFFFFFF), x3 = (vq){} + (stream >> 32);
    uint32_t k0 = key_low, k1 = key_high;
    FX_UNROLL for (int round = 0; round < 10; round++) {
      const vq a = x0 * UINT64_C(0xD2511F53), b = x2 * UINT64_C(0xCD9E8D57);
      x0 = ((b >> 32) ^ x1 ^ (uint64_t)k0) & low;
      x1 = b & low;
      x2 = ((a >> 32) ^ x3 ^ (uint64_t)k1) & low;
      x3 = a & low;
      k0 += 0x9E3779B9, k1 += 0xBB67AE85;
    }
    const vq words[4] = {x0 >> 8, x1 >> 8, x2 >> 8, x3 >> 8};
    float uniform[4 * FX_HALF];
    FX_UNROLL for (int w = 0; w < 4; w++)
      FX_UNROLL for (int l = 0; l < FX_HALF; l++) uniform[4 * l + w] = (float)(int32_t)words[w][l] * 0x1p-24f;
    memcpy(out + i, uniform, (size_t)(n - i < 4 * FX_HALF ? n - i : 4 * FX_HALF) * sizeof(float));
  }
}
