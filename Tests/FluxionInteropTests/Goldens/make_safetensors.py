"""Files as the safetensors package (0.8.0) writes them, read back by it. Run from this directory:

    python3 -m venv venv && venv/bin/pip install numpy safetensors==0.8.0 && venv/bin/python make_safetensors.py
"""
import hashlib

import numpy as np
from safetensors.numpy import load_file, save_file

# In the order of their names, which is the order that the package writes them in.
model = {
    "conv.bias": np.array([0.5, -0.25], np.float32),
    "conv.kernel": (np.arange(8, dtype=np.float32) / 8 - 0.5).reshape(2, 2, 1, 2),
    "dense.bias": np.array([], np.float32).reshape(0, 3),
    "dense.kernel": np.array([[1e-38, -3.4e38, np.inf], [-0.0, 1 / 3, 2**-149]], np.float32),
    'name "with" \\ and \t é': np.array(7, np.float32),
}
save_file(model, "model.safetensors", metadata={"format": "fluxion"})
for name, tensor in load_file("model.safetensors").items():
    assert np.array_equal(tensor, model[name])
print("sha256 of the parameters:", hashlib.sha256(b"".join(t.astype("<f4").tobytes() for t in model.values())).hexdigest())

save_file({"x": np.array([1, 2], np.float16)}, "half.safetensors")
