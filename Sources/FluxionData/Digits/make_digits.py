"""Makes digits.bin.gz from scikit-learn's copy of the UCI optical digits; run with scikit-learn 1.x and numpy.

    python make_digits.py

The file, inflated: 1,797 labels of one byte, then 1,797 images of 64 bytes (8x8, row-major, values 0...16), in
scikit-learn's order. The gzip header carries no time and no name, so the same input makes the same bytes.
"""
import gzip
import hashlib
import pathlib

import numpy as np
import sklearn
from sklearn.datasets import load_digits

digits = load_digits()
images = digits.data.astype(np.uint8)
labels = digits.target.astype(np.uint8)
assert images.shape == (1797, 64) and (images == digits.data).all() and images.max() == 16
raw = labels.tobytes() + images.tobytes()
out = pathlib.Path(__file__).with_name("digits.bin.gz")
out.write_bytes(gzip.compress(raw, 9, mtime=0))
print("scikit-learn", sklearn.__version__, "numpy", np.__version__)
print("inflated", len(raw), "sha256", hashlib.sha256(raw).hexdigest())
print("file", out.stat().st_size, "sha256", hashlib.sha256(out.read_bytes()).hexdigest())
print("labels", np.bincount(labels).tolist())
print("sum", int(images.sum()), "first", int(images[0].sum()), "last", int(images[-1].sum()))
print("class sums", [int(images[labels == k].sum()) for k in range(10)])
print("first image", images[0].tolist(), "label", int(labels[0]))
