"""Shared by the golden scripts: Keras on JAX on the CPU, exact inputs both sides can compute, compact JSON."""

import json
import os
import pathlib
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_THREEFRY_PARTITIONABLE", "1")
sys.dont_write_bytecode = True

import jax  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
TENSOR_GOLDEN = ROOT / "packages" / "tensor" / "test" / "golden"
LAYERS_GOLDEN = ROOT / "packages" / "layers" / "test" / "golden"

assert keras.backend.backend() == "jax"
assert jax.config.jax_threefry_partitionable
assert not jax.config.jax_enable_x64


def sequence(shape, salt=1, scale=2.0):
    """Numbers in [-scale / 2, scale / 2) from a formula JavaScript repeats exactly: a 32-bit multiplicative
    generator (Math.imul(state, 1664525) + 1013904223), its upper 16 bits divided by 65536 (exact in float32)."""
    count = int(np.prod(shape))
    state = (salt * 2654435761) & 0xFFFFFFFF
    values = np.empty(count, np.float32)
    for i in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values[i] = ((state >> 16) / 65536.0 - 0.5) * scale
    return values.reshape(shape)


def plain(value):
    """JSON form of arrays and scalars: float32 as its shortest decimal that reads back to the same float32."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (bool, str, int)) or value is None:
        return value
    if isinstance(value, float):
        return number(np.float64(value))
    array = np.asarray(value)
    if array.ndim:
        return [plain(item) for item in array]
    if array.dtype.kind == "b":
        return bool(array)
    if array.dtype.kind in "iu":
        return int(array)
    return number(array[()])


def number(value):
    """Shortest decimal of a float32 (or float64); non-finite values travel as strings."""
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    result = float(np.format_float_scientific(value, unique=True, trim="0"))
    return int(result) if result.is_integer() and abs(result) < 2**31 and not (result == 0 and np.signbit(result)) else result


def tensor(value):
    """An array as { shape, data } with the data flat, row-major."""
    array = np.asarray(value)
    return {"shape": list(array.shape), "data": plain(array.reshape(-1))}


def write(path, comment, body):
    """Writes one JSON object, a line per entry of its lists, with versions and the way to make it again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {"comment": comment, "madeBy": f"tools/golden, keras {keras.__version__}, jax {jax.__version__}"}
    lines = []
    for key, value in {**head, **body}.items():
        value = plain(value)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n".join("    " + json.dumps(row, separators=(",", ":"), allow_nan=False) for row in value)
            lines.append(f"  {json.dumps(key)}: [\n{rows}\n  ]")
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(value, separators=(',', ':'), allow_nan=False)}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


def camel(config):
    """Keras's argument names as Tenrec spells them: from_logits becomes fromLogits."""
    words = {key: key.split("_") for key in config}
    return {w[0] + "".join(part.capitalize() for part in w[1:]): config[key] for key, w in words.items()}
