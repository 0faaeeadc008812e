"""Values and gradients of keras.ops (activations, losses, reductions, linear algebra) for packages/tensor/test/opsKeras.test.ts."""

from common import TENSOR_GOLDEN, camel, sequence, write

import jax
import jax.numpy as jnp
import keras
import numpy as np
from keras import ops

rows = []


def data(shape, salt=1, scale=4.0, shift=0.0):
    """A float32 input both sides compute: sequence(shape, salt, scale) + shift."""
    return {"shape": list(shape), "salt": salt, "scale": scale, "shift": shift}


def values(spec):
    """The array of an input: computed, or integers given as they are."""
    if isinstance(spec, dict):
        return jnp.asarray(sequence(spec["shape"], spec["salt"], spec["scale"]) + np.float32(spec["shift"]))
    return np.asarray(spec, np.int32) if isinstance(spec, list) else spec


def row(function, inputs, name=None, **options):
    """The result, and the gradients of sum(result * [1, 2, 3, ...]) in every computed input."""
    given = [values(spec) for spec in inputs]
    traced = tuple(i for i, spec in enumerate(inputs) if isinstance(spec, dict))

    def weighted(*args):
        result = function(*args, **options)
        return jnp.sum(result * jnp.arange(1.0, 1 + np.size(result)).reshape(np.shape(result)))

    words = (name or function.__name__).split("_")
    rows.append(
        {
            "name": words[0] + "".join(word.capitalize() for word in words[1:]),
            "inputs": inputs,
            "options": camel(options),
            "result": np.asarray(function(*given, **options)).reshape(-1),
            "gradients": [np.asarray(g).reshape(-1) for g in jax.grad(weighted, argnums=traced)(*given)],
        }
    )


x = data([3, 4])
for activation in (
    "relu relu6 leaky_relu elu celu selu silu sigmoid log_sigmoid hard_sigmoid hard_silu hard_tanh softplus "
    "softsign soft_shrink hard_shrink tanh_shrink squareplus sparse_plus sparse_sigmoid softmax log_softmax glu"
).split():
    row(getattr(ops, activation), [x])
row(keras.activations.mish, [x])
row(keras.activations.relu, [x], negative_slope=0.25, max_value=1.0, threshold=0.5)
row(ops.gelu, [x], approximate=True)
row(ops.gelu, [x], approximate=False)
row(ops.leaky_relu, [x], negative_slope=0.3)
row(ops.elu, [x], alpha=0.5)
row(ops.softmax, [x], axis=0)

positive = data([3, 4], 2, 1.0, 0.6)
targets = data([3, 4], 3, 1.0, 0.5)
certain = data([3, 4], 4, 60.0)
labels = [1, 3, 0]
sparse, dense, binary = ops.sparse_categorical_crossentropy, ops.categorical_crossentropy, ops.binary_crossentropy
row(sparse, [labels, positive])
row(dense, [targets, positive])
row(binary, [targets, data([3, 4], 2, 0.9, 0.5)])
for logits in (x, certain):
    row(sparse, [labels, logits], from_logits=True)
    row(dense, [targets, logits], from_logits=True)
    row(binary, [targets, logits], from_logits=True)
    # the gradient through the clip to [1e-7, 1 - 1e-7]
    row(lambda target, z: sparse(target, ops.softmax(z)), [labels, logits], "sparse_of_softmax")
    row(lambda target, z: dense(target, ops.softmax(z)), [targets, logits], "dense_of_softmax")
# near p = 1 the float32 difference 1 - p has few digits, so the certain rows are left out here
row(lambda target, z: binary(target, ops.sigmoid(z)), [targets, x], "binary_of_sigmoid")

for reduction in "sum mean prod max min var std logsumexp".split():
    row(getattr(ops, reduction), [x], axis=1)
row(ops.std, [x])
row(ops.normalize, [x])
row(ops.matmul, [data([2, 3, 4], 5), data([4, 2], 6)])
row(ops.tensordot, [data([2, 3, 4], 5), data([4, 3, 2], 6)], axes=[[1, 2], [1, 0]])
row(ops.logaddexp, [x, data([4], 7)])
row(ops.arctan2, [x, data([3, 1], 8)])
row(ops.maximum, [x, data([4], 7)])
row(ops.mod, [x, data([4], 9, 1.0, 1.5)])
row(ops.power, [positive, data([4], 7)])
row(ops.take, [x, [2, 0, 2]], axis=0)

write(TENSOR_GOLDEN / "ops.json", "keras.ops: results and gradients of sum(result * [1, 2, 3, ...])", {"rows": rows})
