"""Writes packages/layers/test/golden/spectral.json: calls of Keras's SpectralNormalization in training, with the weights they leave and gradients."""

from common import LAYERS_GOLDEN, camel, jax, keras, np, sequence, tensor, write


def case(name, config, inputs, power_iterations, zero=False):
    """The call (its assignment of the kernel stands, as it is not stateless), then pull-backs (cotangent: salt 52) through the normalized kernel."""
    inner = getattr(keras.layers, name)(**config)
    layer = keras.layers.SpectralNormalization(inner, power_iterations=power_iterations)
    layer(inputs, training=False)
    layer.set_weights([sequence(w.shape, salt=80 + i, scale=0 if zero and "vector" not in w.name else 1.5) for i, w in enumerate(layer.weights)])
    stored = [np.asarray(w) for w in layer.get_weights()]
    output = layer(inputs, training=True)
    after = [np.asarray(w) for w in layer.get_weights()]
    fixed = [v.value for v in layer.non_trainable_variables]

    def run(values, x):
        return layer.stateless_call(values, fixed, x, training=False)[0]

    y, back = jax.vjp(run, [v.value for v in layer.trainable_variables], inputs)
    np.testing.assert_array_equal(y, output)
    gradients, dx = back(np.asarray(sequence(y.shape, salt=52)))
    return {
        "layer": name, "config": camel(config), "powerIterations": power_iterations, "input": tensor(inputs),
        "weights": [{"name": w.name, **tensor(v)} for w, v in zip(layer.weights, stored)],
        "output": tensor(output), "after": [np.reshape(v, -1) for v in after],
        "inputGradient": np.reshape(dx, -1), "weightGradients": [np.reshape(g, -1) for g in gradients],
    }


IMAGE = sequence([2, 4, 5, 3], salt=62, scale=4.0)
rows = [
    case("Dense", {"units": 4}, sequence([3, 5], salt=61, scale=4.0), 1),
    case("Dense", {"units": 4}, sequence([3, 5], salt=61, scale=4.0), 6),
    case("Conv2D", {"filters": 4, "kernel_size": 3, "use_bias": False}, IMAGE, 2),
    case("DepthwiseConv2D", {"kernel_size": 2}, IMAGE, 1),
    case("Dense", {"units": 2}, sequence([3, 2], salt=63, scale=4.0), 1, zero=True),
]
write(
    LAYERS_GOLDEN / "spectral.json",
    "`after` is what the weights hold after the call; gradients are pull-backs of the cotangent sequence(output.shape, salt 52, scale 2) at those.",
    {"rows": rows},
)
