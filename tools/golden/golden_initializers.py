"""Writes packages/layers/test/golden/initializers.json: the numbers of every Keras initializer for given integer seeds."""

from common import LAYERS_GOLDEN, camel, keras, np, tensor, write

SHAPES = [[4, 3], [7], [3, 2, 2], [2, 2, 3, 4]]
SEEDED = [
    ("RandomNormal", {}), ("RandomNormal", {"mean": 1.0, "stddev": 0.5}), ("RandomUniform", {}), ("RandomUniform", {"minval": -2.0, "maxval": 1.0}),
    ("TruncatedNormal", {}), ("TruncatedNormal", {"mean": -0.5, "stddev": 2.0}),
    *[(name, {}) for name in ("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal", "VarianceScaling")],
    *[("VarianceScaling", {"scale": 2.0, "mode": mode, "distribution": distribution})
      for mode in ("fan_in", "fan_out", "fan_avg") for distribution in ("truncated_normal", "untruncated_normal", "uniform")],
]


def case(name, config, shape, seed=None):
    full = config if seed is None else {**config, "seed": seed}
    return {"initializer": name, "config": camel(full), "shape": shape, "values": np.reshape(getattr(keras.initializers, name)(**full)(shape), -1)}


def aliases():
    """Names that keras.initializers.get accepts, by class."""
    table = {}
    for name, value in keras.src.initializers.ALL_OBJECTS_DICT.items():
        table.setdefault(value.__name__, []).append(name)
    return {key: sorted(table[key]) for key in sorted(table)}


def layer_defaults():
    keras.backend.clear_session()
    kernel, bias = keras.layers.Dense(3).kernel_initializer, keras.layers.Dense(3).bias_initializer
    return {"kernelInitializer": type(kernel).__name__, "biasInitializer": type(bias).__name__}


def generated():
    """One SeedGenerator shared by several draws: key [seed, 0], [seed, 1], ..."""
    source = keras.random.SeedGenerator(42)
    initializer = keras.initializers.GlorotUniform(seed=source)
    return {"seed": 42, "initializer": "GlorotUniform", "shape": [3, 2], "draws": [np.reshape(initializer([3, 2]), -1) for _ in range(3)]}


write(
    LAYERS_GOLDEN / "initializers.json",
    "values row-major. VarianceScaling without arguments is scale 1, fan_in, truncated_normal. identity and orthogonal take matrices "
    "(orthogonal flattens leading axes; its sign follows the QR diagonal, so equal normals give equal matrices up to rounding).",
    {
        "cases": [case(*entry, shape, seed) for entry in SEEDED for shape, seed in ((SHAPES[0], 0), (SHAPES[0], 42), (SHAPES[1], 7), (SHAPES[2], 7), (SHAPES[3], 1337))]
        + [case("Orthogonal", config, shape, seed) for config in ({}, {"gain": 2.0}) for shape in ([4, 3], [3, 4], [5, 5], [2, 2, 3]) for seed in (0, 42)]
        + [case("Identity", config, shape) for config in ({}, {"gain": 0.5}) for shape in ([3, 3], [2, 4])]
        + [case("Constant", {"value": 0.25}, [2, 3]), case("Zeros", {}, [5]), case("Ones", {}, [2, 2])],
        "seedGenerator": generated(),
        "aliases": aliases(),
        "denseDefaults": layer_defaults(),
    },
)
