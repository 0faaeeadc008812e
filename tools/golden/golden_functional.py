"""Writes packages/layers/test/golden/functional.json: merge layers, the order of a branchy model's weights, and training of several inputs and outputs."""

import jax.numpy as jnp

from common import LAYERS_GOLDEN, camel, jax, keras, np, sequence, tensor, write

L = keras.layers


def merge_case(name, config, shapes):
    """Output and pull-backs of the cotangent sequence(output.shape, salt=52); input i is sequence(shape, salt=80 + i)."""
    layer = getattr(L, name)(**config)
    inputs = [sequence(shape, salt=80 + i) for i, shape in enumerate(shapes)]
    y, back = jax.vjp(lambda *xs: layer(list(xs)), *map(jnp.asarray, inputs))
    gradients = back(jnp.asarray(sequence(y.shape, salt=52)))
    return {
        "layer": name, "config": camel(config), "shapes": shapes, "output": tensor(y),
        "gradients": [np.reshape(g, -1) for g in gradients],
    }


def masked_case(name, config):
    """The first input comes from Masking; its masked steps are zeros."""
    x, y = sequence([2, 3, 2], salt=90), sequence([2, 3, 2], salt=91)
    x[:, 1] = 0
    y[0, 0] = 0
    a, b = L.Masking()(jnp.asarray(x)), L.Masking()(jnp.asarray(y))
    out = getattr(L, name)(**config)([a, b])
    mask = keras.src.backend.get_keras_mask(out)
    return {
        "layer": name, "config": camel(config), "a": tensor(x), "b": tensor(y), "output": tensor(out),
        "mask": None if mask is None else tensor(np.asarray(mask).astype("float32")),
    }


def branchy():
    """Branches of different depth, a shared layer, a nested Sequential and a nested functional model, layers made out of order."""
    keras.utils.clear_session()
    last = L.Dense(2, name="last")
    shared = L.Dense(3, name="shared")
    b = keras.Input([4], name="b")
    a = keras.Input([3], name="a")
    c = keras.Input([3], name="c")
    left = L.Dense(3, activation="relu", name="left")(a)
    deep = L.Dense(4, name="deep_1")(b)
    deep = L.Dense(5, name="deep_2", use_bias=False)(deep)
    deep = L.Dense(3, name="deep_3")(deep)
    nested_in = keras.Input([3])
    nested = keras.Model(nested_in, L.Dense(3, name="inner")(nested_in), name="nested")
    stack = keras.Sequential([L.Dense(6, name="stack_1"), L.Dense(3, name="stack_2")], name="stack")
    s1, s2 = shared(left), shared(nested(c))
    both = L.Add(name="sum")([s1, deep])
    wide = L.Concatenate(name="wide")([both, s2, stack(left)])
    first = L.Dense(1, name="first")(wide)
    second = last(L.Multiply(name="product")([both, s2]))
    return keras.Model([a, b, c], [first, second], name="branchy")


def weights_of(model):
    return [sequence(w.shape, salt=200 + i, scale=1.0) for i, w in enumerate(model.weights)]


def order_case():
    model = branchy()
    model.set_weights(weights_of(model))
    inputs = [sequence([5, n], salt=210 + i) for i, n in enumerate([3, 4, 3])]
    return {
        "layers": [layer.name for layer in model.layers],
        "weights": [{"name": w.name, "path": w.path, "shape": list(w.shape)} for w in model.weights],
        "trainable": len(model.trainable_weights),
        "outputs": [tensor(y) for y in model(inputs)],
        "connections": {
            layer.name: [f"{t._keras_history.operation.name}[{t._keras_history.node_index}][{t._keras_history.tensor_index}]"
                         for node in layer._inbound_nodes for t in node.input_tensors]
            for layer in model.layers
        },
        "outputShapes": {layer.name: list(layer._inbound_nodes[-1].output_tensors[0].shape) for layer in model.layers},
    }


BATCH, BATCHES, STEPS = 8, 4, 20
ROWS = BATCH * BATCHES
XA, XB = sequence([ROWS, 6], salt=220), sequence([ROWS, 4], salt=221)
YV = sequence([ROWS, 2], salt=222)
YC = np.argmax(np.tanh(XB @ sequence([4, 3], salt=223)), -1).astype("int32")
WV, WC = np.abs(sequence([ROWS], salt=224)), np.abs(sequence([ROWS], salt=225))


def two(form):
    a, b = keras.Input([6], name="a"), keras.Input([4], name="b")
    h = L.Concatenate()([L.Dense(8, activation="tanh")(a), L.Dense(8, activation="tanh")(b)])
    h = L.Dense(10, activation="relu")(h)
    value, kind = L.Dense(2, name="value")(h), L.Dense(3, activation="softmax", name="kind")(h)
    if form == "record":
        return keras.Model({"a": a, "b": b}, {"v": value, "k": kind})
    return keras.Model([a, b], [value, kind])


def train_case(form, compiled, weighted):
    model = two(form)
    model.set_weights(weights_of(model))
    model.compile(optimizer=keras.optimizers.Adam(0.01), **compiled)
    keys = ["v", "k"] if form == "record" else None
    pack = (lambda v, k: dict(zip(keys, (v, k)))) if keys else (lambda v, k: [v, k])
    x_of = (lambda rows: {"a": XA[rows], "b": XB[rows]}) if form == "record" else (lambda rows: [XA[rows], XB[rows]])
    logs = []
    for step in range(STEPS):
        rows = slice(step % BATCHES * BATCH, (step % BATCHES + 1) * BATCH)
        model.reset_metrics()
        weight = {"sample_weight": pack(WV[rows], WC[rows])} if weighted else {}
        logs.append(model.train_on_batch(x_of(rows), pack(YV[rows], YC[rows]), return_dict=True, **weight))
    every = slice(None)
    weight = {"sample_weight": pack(WV, WC)} if weighted else {}
    evaluated = model.evaluate(x_of(every), pack(YV, YC), batch_size=BATCH, return_dict=True, verbose=0, **weight)
    history = model.fit(
        x_of(every), pack(YV, YC), batch_size=BATCH, epochs=2, shuffle=False, verbose=0,
        validation_data=(x_of(every), pack(YV, YC)), **weight,
    ).history
    return {
        "form": form, "compile": compiled, "weighted": weighted, "logs": logs, "evaluated": evaluated, "history": history,
        "finalWeights": [np.reshape(w, -1) for w in model.get_weights()],
    }


def masked_training():
    """Masked steps count neither in the loss nor in its mean; weights of steps multiply."""
    x, y = sequence([6, 3, 2], salt=230), sequence([6, 3, 2], salt=231)
    x[::2, 1] = 0
    x[3, 2] = 0
    weight = np.abs(sequence([6, 3], salt=232))
    model = keras.Sequential([keras.Input([3, 2]), L.Masking(), L.Dense(4, activation="tanh"), L.Dense(2)])
    runs = []
    for weighted in (False, True):
        model.set_weights(weights_of(model))
        model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse", metrics=["mae"], weighted_metrics=["mse"])
        logs = []
        for _ in range(5):
            model.reset_metrics()
            logs.append(model.train_on_batch(x, y, return_dict=True, **({"sample_weight": weight} if weighted else {})))
        runs.append({"weighted": weighted, "logs": logs})
    return {"x": tensor(x), "y": tensor(y), "weight": tensor(weight), "runs": runs}


SCCE = "sparse_categorical_crossentropy"
write(
    LAYERS_GOLDEN / "functional.json",
    "Inputs, targets and weights are sequence(shape, salt, scale) of tools/golden/README.md as in golden_functional.py. Step s trains on rows "
    "(s % 4) * 8 ... + 8 with metrics reset before it; then evaluate, then two epochs of fit without shuffling. Model weight i of order and "
    "training starts as sequence(shape, 200 + i, scale 1).",
    {
        "merges": [
            *[merge_case(name, {}, [[2, 3, 4]] * 2) for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")],
            *[merge_case(name, {}, [[2, 3, 4]] * 3) for name in ("Add", "Multiply", "Average", "Maximum", "Minimum")],
            *[merge_case(name, {}, [[2, 3, 4], [2, 1, 4], [2, 4]]) for name in ("Add", "Multiply", "Maximum")],
            merge_case("Subtract", {}, [[2, 4], [2, 3, 4]]),
            merge_case("Concatenate", {"axis": 1}, [[2, 3, 4], [2, 1, 4], [2, 2, 4]]),
            merge_case("Concatenate", {"axis": -2}, [[2, 3, 4], [2, 1, 4]]),
            merge_case("Dot", {"axes": 1}, [[3, 5], [3, 5]]),
            merge_case("Dot", {"axes": -1, "normalize": True}, [[3, 5], [3, 5]]),
            merge_case("Dot", {"axes": [1, 2]}, [[2, 3, 5], [2, 4, 3]]),
            merge_case("Dot", {"axes": [2, 1], "normalize": True}, [[2, 3, 5], [2, 5, 4]]),
            merge_case("Dot", {"axes": [1, 1]}, [[2, 3], [2, 3, 4]]),
            merge_case("Dot", {"axes": [3, 1]}, [[2, 2, 3, 4], [2, 4, 3]]),
            merge_case("Dot", {"axes": 2}, [[2, 3, 4], [2, 5, 4]]),
        ],
        "masked": [masked_case(name, {}) for name in ("Add", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")],
        "maskedTraining": masked_training(),
        "order": order_case(),
        "training": [
            train_case("list", {"loss": ["mse", SCCE], "metrics": [["mae"], ["accuracy"]]}, False),
            train_case("list", {"loss": {"kind": SCCE, "value": "mse"}, "metrics": {"kind": ["accuracy"]}, "loss_weights": {"kind": 0.25, "value": 2.0},
                                "weighted_metrics": {"value": ["mae", "mse"]}}, True),
            train_case("record", {"loss": {"v": "mae", "k": SCCE}, "loss_weights": {"v": 0.5, "k": 1.5}, "metrics": {"v": ["mse"], "k": ["accuracy"]}}, True),
        ],
    },
)
