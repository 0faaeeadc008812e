"""JAX's partitionable Threefry and its samplers again, in plain numpy: the algorithms the TypeScript follows."""

import math

import numpy as np

F = np.float32
U = np.uint32
ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def threefry2x32(key, counter_hi, counter_lo):
    """Threefry-2x32-20: five groups of four rounds, a key injection after each group."""
    k0, k1 = U(key[0]), U(key[1])
    schedule = (k0, k1, k0 ^ k1 ^ U(0x1BD11BDA))
    with np.errstate(over="ignore"):
        x0 = counter_hi.astype(U) + schedule[0]
        x1 = counter_lo.astype(U) + schedule[1]
        for group in range(5):
            for rotation in ROTATIONS[group % 2]:
                x0 = x0 + x1
                x1 = (x1 << U(rotation)) | (x1 >> U(32 - rotation))
                x1 = x1 ^ x0
            x0 = x0 + schedule[(group + 1) % 3]
            x1 = x1 + schedule[(group + 2) % 3] + U(group + 1)
    return x0, x1


def both_words(key, count):
    index = np.arange(count, dtype=np.uint64)
    return threefry2x32(key, (index >> np.uint64(32)).astype(U), (index & np.uint64(0xFFFFFFFF)).astype(U))


def bits(key, shape):
    """Element i (row-major) is x0 ^ x1 of threefry(key, [i >> 32, i])."""
    x0, x1 = both_words(key, math.prod(shape))
    return (x0 ^ x1).reshape(shape)


def split(key, count=2):
    """Subkey i is the pair (x0, x1) of threefry(key, [0, i]): not xored."""
    x0, x1 = both_words(key, count)
    return [(x0[i], x1[i]) for i in range(count)]


def unit(key, shape):
    """[0, 1): the upper 23 bits become the mantissa of a number in [1, 2), less 1."""
    return ((bits(key, shape) >> U(9)) | U(0x3F800000)).view(F) - F(1)


def uniform(key, shape, minval=0.0, maxval=1.0):
    """max(minval, unit * (maxval - minval) + minval), with a fused multiply-add on JAX's CPU."""
    lo, hi = F(minval), F(maxval)
    fused = (unit(key, shape).astype(np.float64) * np.float64(hi - lo) + np.float64(lo)).astype(F)
    return np.maximum(lo, fused)


SMALL = (2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503,
         -0.00417768164, 0.246640727, 1.50140941)
LARGE = (-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613,
         0.00943887047, 1.00167406, 2.83297682)


def erf_inv(x):
    """Giles' single precision polynomials; w = -log1p(-x * x), one branch below 5 and one above; |x| = 1 gives infinity, not needed here."""
    x = np.asarray(x, F)
    w = -np.log1p(-x * x).astype(F)
    small = w < F(5)
    z = np.where(small, w - F(2.5), np.sqrt(np.maximum(w, F(0))) - F(3)).astype(F)
    p = np.where(small, F(SMALL[0]), F(LARGE[0]))
    for a, b in zip(SMALL[1:], LARGE[1:]):
        p = (np.where(small, F(a), F(b)) + p * z).astype(F)
    return (p * x).astype(F)


def normal(key, shape):
    lo = np.nextafter(F(-1), F(0))
    return F(math.sqrt(2)) * erf_inv(uniform(key, shape, lo, 1.0))


def truncated_normal(key, shape, lower=-2.0, upper=2.0):
    """erf_inv of a uniform between erf(lower / sqrt 2) and erf(upper / sqrt 2), clipped to the open interval."""
    a, b = F(math.erf(F(lower) / F(math.sqrt(2)))), F(math.erf(F(upper) / F(math.sqrt(2))))
    out = F(math.sqrt(2)) * erf_inv(uniform(key, shape, a, b))
    return np.clip(out, np.nextafter(F(lower), F(np.inf)), np.nextafter(F(upper), F(-np.inf)))


def randint(key, shape, minval, maxval):
    """64 random bits modulo the span, in 32-bit arithmetic: ((hi % s) * (2^32 % s) + lo % s) % s, products mod 2^32."""
    first, second = split(key)
    high, low = bits(first, shape), bits(second, shape)
    span = U(1) if maxval <= minval else U((maxval - minval) & 0xFFFFFFFF)
    with np.errstate(over="ignore"):
        multiplier = U(2**16) % span
        multiplier = (multiplier * multiplier) % span
        offset = ((high % span) * multiplier + low % span) % span
        return (U(minval & 0xFFFFFFFF) + offset).view(np.int32)


def shuffle(key, x, axis=0):
    """Stable sorts by fresh 32-bit keys; rounds = ceil(3 ln(size) / ln(2^32 - 1)); key, subkey = split(key) each."""
    x = np.asarray(x)
    rounds = math.ceil(3 * math.log(max(1, x.size)) / math.log(2**32 - 1))
    for _ in range(rounds):
        key, subkey = split(key)
        order = np.argsort(bits(subkey, x.shape), axis=axis, kind="stable")
        x = np.take_along_axis(x, order, axis)
    return x


def permutation(key, x, axis=0):
    """jax.random.permutation with independent=False: one shuffled index list for the whole axis."""
    x = np.asarray(x)
    if x.ndim == 1:
        return shuffle(key, x)
    return np.take(x, shuffle(key, np.arange(x.shape[axis])), axis)


def dropout(key, x, rate):
    """keep where unit < 1 - rate (both float32), kept values divided by 1 - rate."""
    keep = F(1.0 - rate)
    return np.where(unit(key, x.shape) < keep, x / keep, F(0)).astype(F)


def gumbel(key, shape):
    return -np.log(-np.log(uniform(key, shape, np.finfo(F).tiny, 1.0)))


def categorical(key, logits, count):
    """keras.random.categorical: noise of shape [rows, classes, count], argmax over the classes."""
    rows, classes = logits.shape
    return np.argmax(gumbel(key, (rows, classes, count)) + logits[:, :, None], axis=1)


def multivariate_normal(key, mean, covariance, shape):
    """mean + L z with L the lower Cholesky factor and z normal of shape [..., n]."""
    factor = np.linalg.cholesky(covariance.astype(F))
    return mean + np.einsum("ij,...j->...i", factor, normal(key, (*shape, mean.shape[-1])))
