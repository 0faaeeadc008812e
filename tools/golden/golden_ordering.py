"""Orders, searches, segments and scatters of keras.ops, with ties, NaN and empty axes, for packages/tensor/test/orderingSuite.ts."""

from common import TENSOR_GOLDEN, camel, sequence, tensor, write

import jax
import jax.numpy as jnp
import numpy as np
from keras import ops

rows = []
nan, inf = float("nan"), float("inf")


def floats(values):
    return np.asarray(values, np.float32)


def integers(values):
    return np.asarray(values, np.int32)


def tied(shape, salt=1):
    """Multiples of 1/4, so that most have equals."""
    return np.round(sequence(shape, salt, 16.0)) / 4


def given(value):
    if not isinstance(value, np.ndarray):
        return value
    return {**tensor(value), "dtype": {"f": "float32", "i": "int32", "b": "bool"}[value.dtype.kind]}


def leaves(result):
    return list(result) if isinstance(result, (list, tuple)) else [result]


def row(name, function, *args, graded=None, **options):
    """Results; with `graded`, the gradient of sum(result 0 * [1, 2, 3, ...]) in that argument."""
    results = [np.asarray(leaf) for leaf in leaves(function(*args, **options))]
    entry = {"name": name, "args": [given(arg) for arg in args], "options": camel(options)}
    if graded is not None:

        def weighted(value):
            changed = [value if i == graded else arg for i, arg in enumerate(args)]
            first = leaves(function(*changed, **options))[0]
            return jnp.sum(first * jnp.arange(1.0, 1 + np.size(first)).reshape(first.shape))

        entry["gradient"] = np.asarray(jax.grad(weighted)(args[graded])).reshape(-1)
        entry["graded"] = graded
    rows.append({**entry, "results": [tensor(result) for result in results]})


special = floats([3, nan, 1, -0.0, 0.0, -inf, inf, 1, nan])
for name, function in (("sort", ops.sort), ("argsort", ops.argsort)):
    graded = 0 if name == "sort" else None
    row(name, function, special)
    for axis in (0, 1, -1, -2, None):
        row(name, function, tied([3, 5]), axis=axis)
    row(name, function, tied([2, 3, 4]), axis=1)
    row(name, function, integers([[3, -1, 3], [2, 2, -7]]))
    row(name, function, np.array([True, False, True]))
    row(name, function, floats([]))
    row(name, function, np.zeros([2, 0], np.float32))
    row(name, function, sequence([3, 4]), graded=graded)
    for length in (1, 3, 31, 33, 64, 65, 127):
        row(name, function, tied([length], length))

row("topK", ops.top_k, special, 4)
row("topK", ops.top_k, floats([1, 3, 3, 2, 3]), 2)
row("topK", ops.top_k, floats([1, 3, 3, 2, 3]), 5)
row("topK", ops.top_k, integers([[1, 3, 3], [-2, -3, -2]]), 2)
row("topK", ops.top_k, tied([3, 65]), 7)
row("topK", ops.top_k, sequence([2, 6]), 3, graded=0)
scores = floats([[0.1, 0.1, 0.1], [0.2, 0.3, 0.1], [1, nan, 0], [5, nan, 6]])
for k in (1, 2, 3):
    row("inTopK", ops.in_top_k, integers([0, 2, 1, 0]), scores, k)

sorted_floats = floats([1, 2, 2, 4, nan])
for side in ("left", "right"):
    row("searchsorted", ops.searchsorted, sorted_floats, floats([2, 0, 5, nan, inf, -inf, 4]), side=side)
    row("searchsorted", ops.searchsorted, integers([-3, 0, 0, 7]), integers([[0, -4], [7, 8]]), side=side)
    row("searchsorted", ops.searchsorted, np.sort(tied([65])), tied([33], 2), side=side)
row("digitize", ops.digitize, floats([0, 1, 1.5, 3, 9]), floats([1, 2, 3]))

many = floats([3, 1, 3, 5, 1, 2])
flags = {"return_index": True, "return_inverse": True, "return_counts": True}
for size, fill_value in ((6, -1.0), (6, None), (2, None), (4, 0.0)):
    def unique(x, size, fill_value):
        return ops.unique(x, size=size, fill_value=fill_value, **flags)

    row("unique", unique, many, size=size, fill_value=fill_value)
    row("unique", unique, floats([3, nan, 3, nan, 1, 2]), size=size, fill_value=fill_value)
    row("unique", unique, integers([[4, 4], [-1, 4]]), size=size, fill_value=None if fill_value is None else int(fill_value))

row("bincount", ops.bincount, integers([1, 2, 2, 0]), minlength=5)
row("bincount", lambda x, w, minlength: ops.bincount(x, weights=w, minlength=minlength), integers([1, 2, 2, 3]), floats([0.5, 1, 1, 2]), minlength=4)
row("bincount", ops.bincount, integers([[1, 2], [2, 2]]), minlength=3)
row("histogram", ops.histogram, floats([1, 2, 2, 3, 4]), bins=4)
row("histogram", ops.histogram, floats([1, 2, 2, 3, 4]), bins=3, range=(2, 4))
row("histogram", ops.histogram, floats([2, 2, 2]), bins=4)
row("histogram", ops.histogram, sequence([65]), bins=10)
for size, fill_value in ((3, -1), (3, 0), (1, 0), (0, 0)):
    def nonzero(x, size, fill_value):
        return jnp.nonzero(x, size=size, fill_value=fill_value)

    row("nonzero", nonzero, integers([[0, 1], [2, 0]]), size=size, fill_value=fill_value)

ids = integers([0, 2, -1, 7, 2])
for name in ("segment_sum", "segment_max", "segment_min", "segment_prod"):
    function = getattr(ops, name)
    camelled = name.replace("_", " ").title().replace(" ", "").replace("S", "s", 1)
    row(camelled, function, floats([1, 2, 3, 4, 5]), ids, num_segments=4)
    row(camelled, function, integers([[1, -2], [3, 4], [5, 6], [7, 8], [-9, 1]]), ids, num_segments=3)
    if name != "segment_prod":
        row(camelled, function, floats([2, 2, 1, 3, 3, 3]), integers([0, 0, 1, 2, 2, 5]), graded=0, num_segments=3)

row("scatter", ops.scatter, integers([[0], [5], [-1], [0]]), floats([1, 2, 3, 4]), [4])
row("scatter", ops.scatter, integers([[0, 1], [1, -1]]), floats([1, 2]), [2, 3])
row("scatterUpdate", ops.scatter_update, floats([0, 0, 0, 0]), integers([[0], [9], [-1]]), floats([1, 2, 3]))
for reduction in ("add", "max", "min", "mul"):
    updates = integers([[0], [0], [-1]])
    row("scatterUpdate", ops.scatter_update, floats([2, 2, 2, 2]), updates, floats([1, 5, 3]), reduction=reduction)

for name in ("cumsum", "cumprod"):
    function = getattr(ops, name)
    for axis in (None, 0, -1):
        row(name, function, sequence([3, 4]), axis=axis, graded=0)
    row(name, function, integers([[1, 2], [3, 4]]), axis=1)
    row(name, function, np.array([True, False, True]))
    row(name, function, floats([]))
    row(name, function, floats([2, 0, 3, 0, 5]), graded=0)
    row(name, function, integers([3, 1]), dtype="float32")
row("cummax", lambda x, axis: jax.lax.cummax(x, axis=axis), sequence([4, 3]), axis=0, graded=0)
row("cummin", lambda x, axis: jax.lax.cummin(x, axis=axis), sequence([4, 3]), axis=1, graded=0)
row("argmax", ops.argmax, integers([[1, 2], [3, 3]]), keepdims=True)
row("argmax", ops.argmax, integers([[1, 2], [3, 3]]), axis=-1, keepdims=True)
row("argmin", ops.argmin, integers([[1, 1], [3, 0]]), axis=0)

write(TENSOR_GOLDEN / "ordering.json", "keras.ops: orders, searches, segments, scatters; edge cases", {"rows": rows})
