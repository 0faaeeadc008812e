"""Writes packages/tensor/test/golden/random.json from the real jax and keras, checking random_reference.py on the way."""

import jax.numpy as jnp

import random_reference as ours
from common import TENSOR_GOLDEN, jax, keras, np, sequence, tensor, write

SEEDS = [0, 1, 42, 1337, 2147483653, 4294967295]
SHAPES = [[1], [7], [3, 5], [33]]
COMMENT = (
    "Key [seed, draw] as raw threefry2x32 key, partitionable. element i: (x0, x1) = threefry2x32(key, [i >> 32, i]), bits = x0 ^ x1; "
    "unit = bitcast((bits >> 9) | 0x3f800000) - 1; the whole algorithm is in tools/golden/README.md."
)
WORST = {}


def close(name, real, mine, tolerance):
    real, mine = np.asarray(real), np.asarray(mine)
    assert real.shape == mine.shape, name
    if tolerance == 0:
        error = float(np.max(real != mine, initial=0))
    else:
        error = float(np.max(np.abs(real - mine) / np.maximum(1, np.abs(real)), initial=0))
    WORST[name] = max(WORST.get(name, 0.0), error)
    assert error <= tolerance, (name, error)
    return real


def raw(seed, draw=0):
    return jnp.array([seed, draw], dtype="uint32")


def draws(seed, shape):
    key, pair = raw(seed), (seed, 0)
    assert np.array_equal(keras.random.normal(shape, seed=seed), jax.random.normal(key, shape))
    unit = close("unit", keras.random.uniform(shape, seed=seed), ours.unit(pair, shape), 0)
    return {
        "seed": seed,
        "shape": shape,
        "bits": close("bits", jax.random.bits(key, shape), ours.bits(pair, shape), 0).reshape(-1),
        "unit": unit.reshape(-1),
        "unitBits": unit.reshape(-1).view("uint32"),
        "uniform": close("uniform", keras.random.uniform(shape, -0.05, 0.05, seed=seed), ours.uniform(pair, shape, -0.05, 0.05), 0).reshape(-1),
        "normal": close("normal", keras.random.normal(shape, seed=seed), ours.normal(pair, shape), 1e-6).reshape(-1),
        "truncatedNormal": close(
            "truncated", keras.random.truncated_normal(shape, seed=seed), ours.truncated_normal(pair, shape), 1e-6
        ).reshape(-1),
    }


def integers(seed, low, high):
    shape = [11]
    real = keras.random.randint(shape, low, high, seed=seed)
    close("randint", real, ours.randint((seed, 0), shape, low, high), 0)
    return {"seed": seed, "shape": shape, "minval": low, "maxval": high, "values": real}


def orders(seed, size):
    real = close("shuffle", keras.random.shuffle(np.arange(size, dtype="int32"), seed=seed), ours.shuffle((seed, 0), np.arange(size)), 0)
    close("permutation", jax.random.permutation(raw(seed), size), real, 0)
    return {"seed": seed, "size": size, "order": real}


def shuffles(seed, shape, axis):
    x = np.arange(np.prod(shape), dtype="int32").reshape(shape)
    independent = close("shuffle", keras.random.shuffle(x, axis=axis, seed=seed), ours.shuffle((seed, 0), x, axis), 0)
    together = close("permutation", jax.random.permutation(raw(seed), x, axis), ours.permutation((seed, 0), x, axis), 0)
    return {"seed": seed, "shape": shape, "axis": axis, "kerasShuffle": independent.reshape(-1), "jaxPermutation": together.reshape(-1)}


def generator(seed):
    source = keras.random.SeedGenerator(seed)
    rows = []
    for draw in range(3):
        assert np.array_equal(source.state.value, raw(seed, draw))
        rows.append(close("generator", keras.random.uniform([5], seed=source), ours.unit((seed, draw), [5]), 0))
    return {"seed": seed, "shape": [5], "uniformOfDraw": rows}


def dropouts(seed, rate):
    x = sequence([6, 7], salt=3)
    layer = keras.layers.Dropout(rate, seed=seed)
    first, second = layer(x, training=True), layer(x, training=True)
    close("dropout", keras.random.dropout(x, rate, seed=seed), ours.dropout((seed, 0), x, rate), 1e-6)
    close("dropout", second, ours.dropout((seed, 1), x, rate), 1e-6)
    assert np.array_equal(np.asarray(first) != 0, ours.dropout((seed, 0), x, rate) != 0)
    return {"seed": seed, "rate": rate, "x": tensor(x), "firstCall": np.reshape(first, -1), "secondCall": np.reshape(second, -1)}


def categories(seed):
    logits = sequence([3, 5], salt=9, scale=6.0)
    real = close("categorical", keras.random.categorical(logits, 8, seed=seed), ours.categorical((seed, 0), logits, 8), 0)
    noise = close("gumbel", jax.random.gumbel(raw(seed), (9,)), ours.gumbel((seed, 0), (9,)), 1e-6)
    return {"seed": seed, "logits": tensor(logits), "samples": tensor(real), "gumbel9": noise}


def multivariate(seed):
    mean = np.array([1, -2, 0.5], "float32")
    root = sequence([3, 3], salt=4)
    covariance = root @ root.T + np.eye(3, dtype="float32")
    real = jax.random.multivariate_normal(raw(seed), mean, covariance, shape=(6,), method="cholesky")
    close("multivariate", real, ours.multivariate_normal((seed, 0), mean, covariance, (6,)), 2e-6)
    return {"seed": seed, "mean": mean, "covariance": tensor(covariance), "cholesky": tensor(np.linalg.cholesky(covariance)), "samples": tensor(real)}


def special():
    x = np.concatenate([np.linspace(-0.99, 0.99, 23), [-0.9999999, -0.99999994, 0.0, 1e-6, 0.9973, 0.9999, 0.99999994]]).astype("float32")
    close("erf_inv", jax.lax.erf_inv(x), ours.erf_inv(x), 1e-6)
    return {"x": x, "erfInv": jax.lax.erf_inv(x), "erf": jax.lax.erf(x)}


keys = [close("split", jax.random.split(raw(seed), 3), np.array(ours.split((seed, 0), 3)), 0) for seed in SEEDS]
write(
    TENSOR_GOLDEN / "random.json",
    COMMENT,
    {
        "draws": [draws(seed, shape) for seed in SEEDS for shape in SHAPES],
        "splitIn3": [{"seed": seed, "keys": key} for seed, key in zip(SEEDS, keys)],
        "seedGenerator": [generator(seed) for seed in (0, 42)],
        "randint": [
            integers(seed, low, high)
            for seed in (0, 42, 4294967295)
            for low, high in ((0, 10), (-5, 6), (0, 2**31 - 1), (-(2**31), 2**31 - 1), (3, 3), (0, 70000))
        ],
        "permutation": [orders(seed, size) for seed in (0, 42) for size in (1, 2, 10, 100, 2000)],
        "shuffleMatrix": [shuffles(seed, shape, axis) for seed in (0, 42) for shape, axis in (([4, 3], 0), ([4, 3], 1), ([2, 3, 5], 1))],
        "dropout": [dropouts(42, 0.5), dropouts(7, 0.3)],
        "categorical": [categories(seed) for seed in (0, 42)],
        "multivariateNormal": [multivariate(seed) for seed in (0, 42)],
        "special": special(),
    },
)
print("numpy reference against jax, worst relative error:", WORST)
