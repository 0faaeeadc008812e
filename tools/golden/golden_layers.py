"""Writes packages/layers/test/golden/layers.json: outputs and gradients of Keras's layers for a fixed cotangent."""

import jax.numpy as jnp

from common import LAYERS_GOLDEN, camel, jax, keras, np, sequence, tensor, write

WIDE = sequence([6, 7], salt=51, scale=9.0)
KINKS = np.array([[-8, -3, -1, -0.5, 0, 0.5, 1], [2.5, 3, 6, 8, 20, -20, 1e-3]], "float32")
ACTIVATIONS = [
    "linear", "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "sigmoid", "hard_sigmoid", "silu", "swish", "hard_silu", "hard_swish",
    "softplus", "softsign", "tanh", "softmax", "log_softmax", "exponential", "mish", "log_sigmoid", "hard_tanh", "hard_shrink", "soft_shrink",
    "tanh_shrink", "squareplus", "sparse_plus", "sparse_sigmoid", "sparsemax", "threshold", "glu",
]
FUNCTIONS = [
    ("relu", {"negative_slope": 0.1}), ("relu", {"max_value": 4.0}), ("relu", {"threshold": 1.0}),
    ("relu", {"negative_slope": 0.2, "max_value": 5.0, "threshold": 0.7}), ("leaky_relu", {"negative_slope": 0.05}), ("elu", {"alpha": 0.5}),
    ("celu", {"alpha": 2.0}), ("gelu", {"approximate": True}), ("softmax", {"axis": 0}), ("log_softmax", {"axis": 0}), ("squareplus", {"b": 2}),
]


def pull(function, x):
    """Output and the pull-back of the cotangent sequence(output.shape, salt=52)."""
    y, back = jax.vjp(function, jnp.asarray(x))
    return y, back(jnp.asarray(sequence(y.shape, salt=52)).astype(y.dtype))[0]


def activation(name, config):
    function = getattr(keras.activations, name, None) or keras.activations.get(name)
    # Gated linear units need an even extent, the threshold function its two arguments.
    extra = {"threshold": 0.5, "default_value": -1.0} if name == "threshold" else {}
    entry = {"activation": name, "config": camel({**config, **extra}), "cases": []}
    for label, x in (("wide", WIDE), ("kinks", KINKS)):
        if name == "glu":
            x = x[:, :6]
        y, dx = pull(lambda v: function(v, **config, **extra), x)
        entry["cases"].append({"input": label, "columns": x.shape[1], "output": tensor(y), "inputGradient": np.reshape(dx, -1)})
    return entry


def layer_case(name, config, x, weights=(), prepare=None):
    layer = getattr(keras.layers, name)(**config)
    if prepare is not None:
        prepare(layer)
    layer.build(x.shape)
    if weights:
        layer.set_weights(weights)
    trainable = [v.value for v in layer.trainable_variables]
    fixed = [v.value for v in layer.non_trainable_variables]
    run = lambda values, v: layer.stateless_call(values, fixed, v)[0]
    y, back = jax.vjp(run, trainable, jnp.asarray(x))
    gradients, dx = back(jnp.asarray(sequence(y.shape, salt=52)).astype(y.dtype))
    return {
        "layer": name, "config": camel(config), "input": tensor(x), "weights": [tensor(w) for w in layer.get_weights()],
        "output": tensor(y), "inputGradient": np.reshape(dx, -1), "weightGradients": [np.reshape(g, -1) for g in gradients],
    }


def dense(units, features, config, shape=None):
    weights = [sequence([features, units], salt=53)]
    if config.get("use_bias", True):
        weights.append(sequence([units], salt=54))
    return layer_case("Dense", {"units": units, **config}, sequence(shape or [5, features], salt=55), weights)


def adapted(data, config):
    layer = keras.layers.Normalization(**config)
    layer.adapt(data)
    mean, variance = np.asarray(layer.mean), np.asarray(layer.variance)
    x = sequence(data.shape, salt=57, scale=5.0)
    y, dx = pull(lambda v: layer(v), x)
    return {
        "config": camel(config), "data": tensor(data), "mean": tensor(mean), "variance": tensor(variance), "input": tensor(x),
        "output": tensor(y), "inputGradient": np.reshape(dx, -1),
        "weights": [{"name": w.name, "shape": list(w.shape)} for w in layer.weights],
    }


CUBE = sequence([2, 3, 4], salt=56, scale=4.0)
write(
    LAYERS_GOLDEN / "layers.json",
    "Gradients are pull-backs of the cotangent sequence(output.shape, salt 52, scale 2) of tools/golden/README.md; activationInputs.wide / kinks "
    "are the inputs of `activations` (their first `columns` columns). At a kink the gradient is JAX's choice.",
    {
        "activationInputs": {"wide": tensor(WIDE), "kinks": tensor(KINKS)},
        "activations": [activation(name, {}) for name in ACTIVATIONS] + [activation(*entry) for entry in FUNCTIONS],
        "layers": [
            *[dense(3, 6, {"activation": name}) for name in (None, "relu", "tanh", "sigmoid", "softmax", "gelu")],
            dense(3, 6, {"use_bias": False}),
            dense(1, 5, {}),
            dense(4, 3, {"activation": "relu"}, [2, 5, 3]),
            layer_case("Flatten", {}, CUBE),
            layer_case("Flatten", {}, sequence([3], salt=58)),
            layer_case("Reshape", {"target_shape": [4, 3]}, CUBE),
            layer_case("Reshape", {"target_shape": [-1, 2]}, CUBE),
            layer_case("Rescaling", {"scale": 1 / 255}, CUBE),
            layer_case("Rescaling", {"scale": 2.0, "offset": -1.0}, CUBE),
            layer_case("Activation", {"activation": "softplus"}, CUBE),
            *[layer_case("ReLU", config, CUBE) for config in (
                {}, {"max_value": 1.0}, {"negative_slope": 0.3}, {"threshold": 0.5}, {"max_value": 1.5, "negative_slope": 0.1, "threshold": 0.25},
            )],
            layer_case("LeakyReLU", {}, CUBE),
            layer_case("LeakyReLU", {"negative_slope": 0.1}, CUBE),
            layer_case("ELU", {"alpha": 0.7}, CUBE),
            *[layer_case("Softmax", config, CUBE) for config in ({}, {"axis": 1}, {"axis": [1, 2]})],
            layer_case("Dropout", {"rate": 0.5}, CUBE),
            layer_case("Normalization", {"mean": [0.5, -1, 0, 2], "variance": [1, 4, 0.25, 0]}, CUBE),
        ],
        "normalizationAdapt": [
            adapted(sequence([40, 3], salt=59, scale=6.0) + np.float32(3), {}),
            adapted(sequence([40, 3], salt=59, scale=6.0), {"axis": None}),
            adapted(sequence([6, 3, 4], salt=60), {"axis": [1, 2]}),
            adapted(sequence([6, 3, 4], salt=60), {"axis": -1}),
            adapted(sequence([10, 2], salt=61), {"invert": True}),
            adapted(np.concatenate([sequence([9, 1], salt=62), np.full([9, 1], 2, "float32")], 1), {}),
        ],
    },
)
