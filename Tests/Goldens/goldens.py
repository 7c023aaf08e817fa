"""What every golden script shares: the JSON form of a tensor, exactly representable inputs, versions."""
import importlib.metadata
import json
import pathlib
import platform

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent


def tensor(array):
    """A tensor as JSON: its shape and its elements in row-major order. Every element must be finite."""
    array = np.asarray(array)
    if array.dtype == bool:
        array = array.astype(np.float64)
    assert np.all(np.isfinite(array)), "goldens hold finite numbers only"
    integral = np.issubdtype(array.dtype, np.integer)
    flat = array.reshape(-1)
    values = [int(x) for x in flat] if integral else [float(x) for x in flat]
    return {"shape": list(array.shape), "values": values}


def tensors(arrays):
    return [tensor(a) for a in arrays]


def grid(array, bits=10):
    """Rounded to multiples of 2^-bits, so that Float and Double read the very same input."""
    return np.round(np.asarray(array, np.float64) * 2**bits) / 2**bits


def normal(rng, shape, scale=1.0):
    return grid(rng.standard_normal(shape) * scale)


def assert_close(actual, expected, tolerance=1e-10):
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, (actual.shape, expected.shape)
    error = np.max(np.abs(actual - expected), initial=0.0)
    assert error <= tolerance, f"largest difference {error}"


def assert_within(actual, expected, tolerance):
    """|actual - expected| <= absolute + relative*|expected|, as the tests read a golden's tolerance."""
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    assert actual.shape == expected.shape, (actual.shape, expected.shape)
    excess = np.abs(actual - expected) - tolerance["absolute"] - tolerance["relative"] * np.abs(expected)
    assert np.max(excess, initial=-1.0) <= 0, f"beyond the tolerance by {excess.max()}"


def in_single(arrays):
    """The same numbers as Float, to see that the tolerance for Float can be kept."""
    return [np.asarray(a, np.float32) for a in arrays]


def write(topic, packages, tolerance, contents, about):
    """Writes `<topic>.json`; see README.md for the fields every file has."""
    document = {
        "topic": topic,
        "about": about,
        "script": f"make_{topic}.py",
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in packages},
        "dtype": "float64",
        "tolerance": tolerance,
    } | contents
    path = HERE / f"{topic}.json"
    # One line an entry: short enough to diff, small enough to commit.
    text = encode(document)
    path.write_text(text + "\n")
    size = path.stat().st_size
    assert size < 200_000, f"{path.name} has {size} bytes"
    print(f"{path.name}: {size} bytes")


def encode(value, depth=0):
    """JSON with the two outer levels on lines of their own."""
    indent = "  " * (depth + 1)
    if isinstance(value, dict) and depth < 1 and value:
        rows = [f"{indent}{json.dumps(k)}: {encode(v, depth + 1)}" for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + "  " * depth + "}"
    if isinstance(value, (list, dict)) and depth < 2 and value and not scalar_list(value):
        if isinstance(value, dict):
            rows = [f"{indent}{json.dumps(k)}: {dump(v)}" for k, v in value.items()]
            return "{\n" + ",\n".join(rows) + "\n" + "  " * depth + "}"
        return "[\n" + ",\n".join(indent + dump(v) for v in value) + "\n" + "  " * depth + "]"
    return dump(value)


def scalar_list(value):
    return isinstance(value, list) and all(not isinstance(v, (dict, list)) for v in value)


def dump(value):
    return json.dumps(value, allow_nan=False)


FLOAT = {"absolute": 1e-5, "relative": 1e-4}
DOUBLE = {"absolute": 1e-12, "relative": 1e-10}
