"""Writes packages/layers/test/golden/convolution.json: convolution, pooling and reshaping layers of Keras, outputs and gradients for a fixed
cotangent. Inputs, weights and cotangents are sequences (see README.md); outputs and gradients are given in full for small cases and as
checksums for the pairwise grid of shapes."""

import itertools

import jax.numpy as jnp

from common import LAYERS_GOLDEN, camel, jax, keras, np, sequence, write


def spatial(shape, format):
    """A shape that is written channels last, in a format."""
    return [shape[0], shape[-1], *shape[1:-1]] if format == "channels_first" else list(shape)


def case(name, config, shape, halves=False):
    """Outputs and gradients of one layer; `halves` rounds the input so that windows have equal largest elements."""
    format = config.get("data_format", "channels_last")
    shape = spatial(shape, format)
    layer = getattr(keras.layers, name)(**config)
    x = sequence(shape, salt=91)
    if halves:
        x = np.round(x * 2) / 2
    layer.build(x.shape)
    layer.set_weights([sequence(w.shape, salt=92 + i) for i, w in enumerate(layer.weights)])
    trainable = [v.value for v in layer.trainable_variables]
    run = lambda values, v: layer.stateless_call(values, [], v)[0]
    y, back = jax.vjp(run, trainable, jnp.asarray(x))
    gradients, dx = back(jnp.asarray(sequence(y.shape, salt=52)).astype(y.dtype))
    return {
        "layer": name, "config": camel(config), "shape": shape, "halves": halves,
        "weights": [{"name": w.name, "shape": list(w.shape)} for w in layer.weights],
        "outputShape": list(y.shape), "output": summary(y), "inputGradient": summary(dx), "weightGradients": [summary(g) for g in gradients],
    }


def summary(value):
    """All of a small array; of a larger one six sums with different weights, which no permutation or shift of the elements keeps."""
    flat = np.asarray(value, np.float64).reshape(-1)
    if flat.size <= 24:
        return flat.astype(np.float32)
    return {"size": int(flat.size), "sums": [float(np.float32(np.dot(flat, sequence([flat.size], salt=200 + i).astype(np.float64)))) for i in range(6)]}


LINE, IMAGE, VOLUME = [2, 7, 4], [2, 6, 7, 4], [1, 4, 5, 4, 2]
FIRST = {"data_format": "channels_first"}
rows = []
for padding, (size, strides, dilation) in itertools.product(
    ("valid", "same", "causal"), ((1, 1, 1), (2, 1, 1), (3, 1, 1), (3, 2, 1), (2, 3, 1), (1, 2, 1), (3, 1, 2))
):
    rows.append(case("Conv1D", {"filters": 3, "kernel_size": size, "strides": strides, "dilation_rate": dilation, "padding": padding}, LINE))
for padding, config in itertools.product(("valid", "same"), (
    {"kernel_size": 3}, {"kernel_size": [1, 2]}, {"kernel_size": 3, "strides": 2}, {"kernel_size": [2, 3], "strides": [3, 1]},
    {"kernel_size": [5, 4], "strides": [2, 3]}, {"kernel_size": 1, "strides": 2}, {"kernel_size": 2, "dilation_rate": [2, 3]},
    {"kernel_size": 3, "groups": 2}, {"kernel_size": [3, 2], "strides": 2, "groups": 2}, {"kernel_size": 2, "groups": 4}, {"kernel_size": 3, **FIRST},
)):
    rows.append(case("Conv2D", {"filters": 4, "padding": padding, **config}, IMAGE))
rows += [
    case("Conv1D", {"filters": 2, "kernel_size": 3, "use_bias": False, "activation": "relu"}, LINE),
    case("Conv1D", {"filters": 2, "kernel_size": 3, "padding": "causal", **FIRST}, LINE),
    case("Conv2D", {"filters": 3, "kernel_size": 3, "activation": "tanh", "padding": "same", "strides": 2, **FIRST}, IMAGE),
    case("Conv3D", {"filters": 3, "kernel_size": 2}, VOLUME),
    case("Conv3D", {"filters": 2, "kernel_size": [2, 3, 1], "strides": [1, 2, 2], "padding": "same"}, VOLUME),
    case("Conv3D", {"filters": 2, "kernel_size": 3, "padding": "same", "groups": 2, **FIRST}, VOLUME),
]
SMALL = [1, 5, 4, 3]
for padding, size, strides in itertools.product(("valid", "same"), (1, 2, 3, 4), (1, 2, 3)):
    rows.append(case("Conv1DTranspose", {"filters": 2, "kernel_size": size, "strides": strides, "padding": padding}, [2, 5, 3]))
    for extra in range(strides):
        if (padding, size) in (("valid", 3), ("same", 3), ("same", 4)):
            config = {"filters": 2, "kernel_size": size, "strides": strides, "padding": padding, "output_padding": extra}
            rows.append(case("Conv1DTranspose", config, [1, 4, 2]))
for padding, config in itertools.product(("valid", "same"), (
    {"kernel_size": 3, "strides": 2}, {"kernel_size": [2, 5], "strides": [3, 2]}, {"kernel_size": 3, "dilation_rate": 2},
    {"kernel_size": 4, "strides": 2, "output_padding": 1}, {"kernel_size": 3, "strides": 2, **FIRST},
)):
    rows.append(case("Conv2DTranspose", {"filters": 2, "padding": padding, **config}, SMALL))
rows += [
    case("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu", "use_bias": False}, SMALL),
    case("Conv3DTranspose", {"filters": 2, "kernel_size": 2, "strides": 2}, [1, 2, 3, 2, 2]),
    case("Conv3DTranspose", {"filters": 2, "kernel_size": [3, 2, 1], "strides": [2, 1, 1], "padding": "same"}, [1, 2, 3, 2, 2]),
]
for padding, config in itertools.product(("valid", "same"), (
    {"kernel_size": 3}, {"kernel_size": 3, "strides": 2}, {"kernel_size": [2, 3], "depth_multiplier": 2}, {"kernel_size": 2, "dilation_rate": 2},
    {"kernel_size": 3, "strides": 2, "depth_multiplier": 3, **FIRST},
)):
    rows.append(case("DepthwiseConv2D", {"padding": padding, **config}, [1, 7, 6, 3]))
    rows.append(case("SeparableConv2D", {"filters": 4, "padding": padding, **config}, [1, 7, 6, 3]))
for padding in ("valid", "same"):
    rows.append(case("DepthwiseConv1D", {"kernel_size": 3, "padding": padding, "strides": 2, "depth_multiplier": 2}, LINE))
    rows.append(case("SeparableConv1D", {"filters": 3, "kernel_size": 3, "padding": padding, "depth_multiplier": 2, "activation": "relu"}, LINE))
for kind, padding, config in itertools.product(("Max", "Average"), ("valid", "same"), (
    {"pool_size": 2}, {"pool_size": 3}, {"pool_size": [3, 2], "strides": [2, 1]}, {"pool_size": [2, 5], "strides": [3, 2]},
    {"pool_size": 2, "strides": 3}, {"pool_size": 3, "strides": 2, **FIRST},
)):
    for halves in ((False, True) if kind == "Max" else (False,)):
        rows.append(case(f"{kind}Pooling2D", {"padding": padding, **config}, [2, 7, 6, 2], halves))
    if isinstance(config["pool_size"], int) and "data_format" not in config:
        rows.append(case(f"{kind}Pooling1D", {"padding": padding, **config}, LINE))
        rows.append(case(f"{kind}Pooling3D", {"padding": padding, **config}, [1, 5, 6, 4, 2]))
rows.append(case("MaxPooling1D", {"pool_size": 3, "strides": 1, "padding": "same", **FIRST}, LINE, True))
for kind, (rank, shape), config in itertools.product(("Max", "Average"), ((1, LINE), (2, IMAGE), (3, VOLUME)), ({}, {"keepdims": True}, FIRST)):
    rows.append(case(f"Global{kind}Pooling{rank}D", config, shape))
for kind in ("Max", "Average"):
    for size, config in ((3, {}), (2, {}), (5, {}), (3, FIRST)):
        rows.append(case(f"Adaptive{kind}Pooling1D", {"output_size": size, **config}, LINE))
    for size, config in (([2, 3], {}), (4, {}), (3, FIRST)):
        rows.append(case(f"Adaptive{kind}Pooling2D", {"output_size": size, **config}, IMAGE))
    rows.append(case(f"Adaptive{kind}Pooling3D", {"output_size": [2, 3, 2]}, VOLUME))
for name, configs, shape in (
    ("ZeroPadding1D", ({}, {"padding": [2, 0]}, {"padding": 3}), LINE),
    ("ZeroPadding2D", ({}, {"padding": [1, 2]}, {"padding": [[1, 0], [2, 3]]}, {"padding": [[1, 0], [2, 3]], **FIRST}), [1, 3, 2, 2]),
    ("ZeroPadding3D", ({}, {"padding": [1, 0, 2]}, {"padding": [[1, 0], [2, 1], [0, 1]], **FIRST}), [1, 2, 2, 2, 2]),
    ("Cropping1D", ({}, {"cropping": [2, 0]}, {"cropping": 3}), LINE),
    ("Cropping2D", ({}, {"cropping": [1, 2]}, {"cropping": [[1, 0], [2, 3]]}, {"cropping": [[1, 0], [2, 3]], **FIRST}), IMAGE),
    ("Cropping3D", ({}, {"cropping": [1, 0, 1]}, {"cropping": [[1, 0], [2, 1], [0, 1]], **FIRST}), VOLUME),
    ("UpSampling1D", ({}, {"size": 3}), LINE),
    ("UpSampling2D", (
        {}, {"size": [3, 1]}, {"interpolation": "bilinear"}, {"size": [3, 2], "interpolation": "bilinear"}, {"size": 2, **FIRST},
        {"size": [1, 4], "interpolation": "bilinear", **FIRST},
    ), [2, 3, 4, 2]),
    ("UpSampling3D", ({}, {"size": [1, 2, 3]}, {"size": 2, **FIRST}), [1, 2, 3, 2, 2]),
):
    rows += [case(name, config, shape) for config in configs]

write(
    LAYERS_GOLDEN / "convolution.json",
    "Inputs are sequence(shape, salt 91) (rounded to halves where `halves`), weight i is sequence(shape, salt 92 + i), the cotangent of the output is "
    "sequence(shape, salt 52); arrays of more than 24 elements stand as their products with sequence([size], salt 200 + i).",
    {"rows": rows},
)
