"""Blocks of Philox4x32-10 (Salmon et al. 2011): the published known answers, and more by an implementation of its own."""
import numpy as np

from goldens import write

# Random123, tests/kat_vectors, "philox4x32 10": counter, key, block.
KNOWN = [
    ([0, 0, 0, 0], [0, 0], [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    ([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0],
     [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]),
]
MASK = 0xFFFFFFFF


def philox(counter, key, rounds=10):
    c, k = list(counter), list(key)
    for _ in range(rounds):
        low, high = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(high >> 32) ^ c[1] ^ k[0], high & MASK, (low >> 32) ^ c[3] ^ k[1], low & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


def philox_by_numpy(counter, key):
    """The same, vector by vector, for a second opinion."""
    c, k = np.array(counter, np.uint64), np.array(key, np.uint64)
    weyl, multiplier = np.array([0x9E3779B9, 0xBB67AE85], np.uint64), np.array([0xD2511F53, 0xCD9E8D57], np.uint64)
    mask, shift = np.uint64(MASK), np.uint64(32)
    for _ in range(10):
        product = c[[0, 2]] * multiplier
        high, low = (product >> shift)[::-1], (product & mask)[::-1]
        c = np.stack([high ^ c[[1, 3]] ^ k, low], 1).ravel()
        k = (k + weyl) & mask
    return [int(x) for x in c]


blocks = []
for counter, key, block in KNOWN:
    assert philox(counter, key) == block, "the published known answer"
    blocks.append({"counter": counter, "key": key, "block": block, "source": "Random123 known answers"})
rng = np.random.default_rng(90)
cases = [([n, 0, 0, 0], [7, 0]) for n in range(3)] + [([0, 1, 0, 0], [7, 0]), ([0, 0, 0, 0], [7, 1])]
cases += [([int(x) for x in rng.integers(0, 2**32, 4)], [int(x) for x in rng.integers(0, 2**32, 2)]) for _ in range(6)]
blocks += [{"counter": c, "key": k, "block": philox(c, k), "source": "computed"} for c, k in cases]
assert all(philox_by_numpy(b["counter"], b["key"]) == b["block"] for b in blocks)

write("philox", ["numpy"], {"uint32": "exact"}, {"blocks": blocks},
      "counter (4 words), key (2 words) -> block (4 words), unsigned 32-bit, word 0 first.")
