"""Writes packages/layers/test/golden/mixedPrecision.json: Keras's LossScaleOptimizer step by step, and layers under mixed_float16."""

from common import LAYERS_GOLDEN, camel, keras, np, sequence, tensor, write

STEPS = ["fine", "fine", "fine", "inf", "fine", "nan", "fine", "fine", "fine", "fine", "fine", "fine", "-inf"]


def scaled_run(name, inner, initial_scale, growth_steps):
    """Gradients of the scaled loss, one of them not finite at some steps; what is left after each."""
    a, b = keras.Variable(sequence([2, 3], salt=71)), keras.Variable(sequence([3], salt=72))
    optimizer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=initial_scale, dynamic_growth_steps=growth_steps)
    optimizer.build([a, b])
    rows = []
    for i, kind in enumerate(STEPS):
        scale = float(optimizer.dynamic_scale.numpy())
        gradients = [sequence(v.shape, salt=73 + i) * np.float32(scale) for v in (a, b)]
        if kind != "fine":
            gradients[i % 2].reshape(-1)[1] = float(kind)
        # On JAX only the stateless form works: `apply` leaks tracers out of its cond.
        trained, own = optimizer.stateless_apply([v.value for v in optimizer.variables], gradients, [a.value, b.value])
        for variable, value in zip([a, b, *optimizer.variables], [*trained, *own]):
            variable.assign(value)
        rows.append({
            "kind": kind, "scale": optimizer.dynamic_scale.numpy(), "counter": optimizer.step_counter.numpy(),
            "iterations": inner.iterations.numpy(), "a": np.reshape(a.numpy(), -1), "b": b.numpy(),
        })
    return {"optimizer": name, "initialScale": initial_scale, "dynamicGrowthSteps": growth_steps, "steps": rows}


def layer_case(name, config, inputs, training=False):
    layer = getattr(keras.layers, name)(**config, dtype="mixed_float16")
    layer(inputs)
    layer.set_weights([sequence(w.shape, salt=80 + i, scale=1.0) + np.float32(w.name == "moving_variance") for i, w in enumerate(layer.weights)])
    stored = [tensor(w.numpy()) for w in layer.weights]
    output = layer(inputs, training=training)
    return {
        "layer": name, "config": camel(config), "training": training, "input": tensor(inputs), "weights": stored,
        "dtypes": [layer.compute_dtype, layer.variable_dtype, str(output.dtype)], "weightDtypes": [str(w.dtype) for w in layer.weights],
        "output": tensor(np.asarray(output, np.float32)),
    }


rows = [
    scaled_run("sgd", keras.optimizers.SGD(0.5, momentum=0.5), 8.0, 3),
    scaled_run("adam", keras.optimizers.Adam(0.1), 2.0**15, 2),
]
FLAT, IMAGE, STEPPED = sequence([4, 6], salt=61, scale=4.0), sequence([2, 5, 5, 3], salt=62, scale=4.0), sequence([2, 4, 3], salt=63, scale=4.0)
layers = [
    layer_case("Dense", {"units": 5, "activation": "tanh"}, FLAT),
    layer_case("Conv2D", {"filters": 4, "kernel_size": 3, "activation": "relu"}, IMAGE),
    layer_case("LayerNormalization", {}, FLAT * 50),
    layer_case("BatchNormalization", {}, IMAGE, training=True),
    layer_case("AveragePooling2D", {"pool_size": 2}, IMAGE),
    layer_case("LSTM", {"units": 3, "return_sequences": True}, STEPPED),
    layer_case("Softmax", {}, FLAT),
]
write(
    LAYERS_GOLDEN / "mixedPrecision.json",
    "Gradients at step i: sequence(shape, salt 73 + i, scale 2) times the loss scale; one of them is not finite where kind says so.",
    {"rows": rows, "layers": layers},
)
