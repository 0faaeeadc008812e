"""Writes packages/layers/test/golden/recurrent.json: outputs, states and gradients of Keras's recurrent layers for each of their options."""

import jax.numpy as jnp

from common import LAYERS_GOLDEN, camel, jax, keras, np, sequence, tensor, write

BATCH, STEPS, FEATURES, UNITS = 3, 4, 3, 3
# A gap, padding at the end, padding at the start.
MASK = np.array([[1, 0, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1]], bool)


def made(spec):
    """A Keras object from { class, config }, with cells and layers inside of the same form."""
    config = dict(spec["config"])
    for key in ("cell", "layer", "backward_layer"):
        if key in config:
            config[key] = [made(one) for one in config[key]] if isinstance(config[key], list) else made(config[key])
    if "cells" in config:
        config["cells"] = [made(one) for one in config["cells"]]
    return getattr(keras.layers, spec["class"])(**config)


def camels(value):
    """A spec with Tenrec's spelling, all the way down."""
    if isinstance(value, dict):
        return {key: camels(item) for key, item in camel(value).items()}
    return [camels(item) for item in value] if isinstance(value, list) else value


def flat(outputs):
    return keras.tree.flatten(outputs)


def set_weights(layer):
    """Weights by formula: weight i is sequence(shape, 80 + i, scale 1)."""
    layer.set_weights([sequence(w.shape, salt=80 + i, scale=1.0) for i, w in enumerate(layer.weights)])


def case(spec, states=0, mask=None, training=False, shape=(BATCH, STEPS, FEATURES)):
    """One call; `states`: how many initial states are given. Cotangent of output i: sequence(shape, 70 + i)."""
    layer = made(spec)
    layer.build(shape)
    set_weights(layer)
    trainable = [v.value for v in layer.trainable_variables]
    fixed = [v.value for v in layer.non_trainable_variables]
    given = [jnp.asarray(sequence([shape[0], UNITS], salt=60 + i)) for i in range(states)]

    def run(weights, x, before):
        extra = {"initial_state": before if states > 1 else before[0]} if states else {}
        extra |= {} if mask is None else {"mask": jnp.asarray(mask)}
        return flat(layer.stateless_call(weights, fixed, x, training=training, **extra)[0])

    outputs, back = jax.vjp(run, trainable, jnp.asarray(sequence(shape, salt=55)), given)
    cotangents = [jnp.asarray(sequence(y.shape, salt=70 + i)) for i, y in enumerate(outputs)]
    gradients, dx, dstates = back(cotangents)
    return {
        "spec": camels(spec), "shape": list(shape), "states": states, "mask": None if mask is None else mask, "training": training,
        "weights": [{"name": w.name, "shape": list(w.shape)} for w in layer.weights],
        "outputs": [tensor(y) for y in outputs],
        "gradients": [np.reshape(g, -1) for g in [dx, *dstates, *gradients]],
    }


def of(name, **config):
    return {"class": name, "config": {"units": UNITS, **config}}


def cell(name, **config):
    return of(f"{name}Cell", **config)


ALL = {"return_sequences": True, "return_state": True}


def common(name, states, **config):
    """What each of the layers is tried with."""
    return [
        case(of(name, **config)),
        case(of(name, **config, **ALL)),
        case(of(name, **config, use_bias=False, return_state=True)),
        case(of(name, **config, activation="relu", **ALL)),
        case(of(name, **config, go_backwards=True, **ALL)),
        case(of(name, **config, go_backwards=True, **ALL), mask=MASK),
        case(of(name, **config, **ALL), states=states),
        case(of(name, **config, **ALL), states=states, mask=MASK),
        case(of(name, **config, return_state=True), mask=MASK),
        case(of(name, **config, **ALL, zero_output_for_mask=True), mask=MASK),
        case(of(name, **config, activation=None, **ALL), mask=MASK),
        case(of(name, **config, unroll=True, **ALL), mask=MASK),
        case(of(name, **config, dropout=0.4, seed=5, **ALL), training=True),
        case(of(name, **config, recurrent_dropout=0.4, seed=6, **ALL), training=True, mask=MASK),
        case(of(name, **config, dropout=0.3, recurrent_dropout=0.4, seed=7, **ALL), training=True),
        case(of(name, **config, dropout=0.3, recurrent_dropout=0.4, seed=7), training=False),
        case({"class": "RNN", "config": {"cell": cell(name, **config), **ALL}}, states=states, mask=MASK),
    ]


def gated(name, states, **config):
    return [case(of(name, **config, recurrent_activation="hard_sigmoid", **ALL), mask=MASK)]


def stacked(*cells):
    return {"class": "RNN", "config": {"cell": list(cells), **ALL}}


def both(layer, **config):
    return {"class": "Bidirectional", "config": {"layer": layer, **config}}


def steps(spec):
    """A cell's own call on [batch, features] and states by formula."""
    layer = made(spec)
    layer.build((BATCH, FEATURES))
    set_weights(layer)
    count = len(keras.tree.flatten(layer.state_size))
    states = [jnp.asarray(sequence([BATCH, UNITS], salt=60 + i)) for i in range(count)]
    return {"spec": camels(spec), "states": count, "outputs": [tensor(y) for y in flat(layer(sequence([BATCH, FEATURES], salt=55), states))]}


def stateful(spec):
    """Two batches, a reset, one more: the last states of each."""
    layer = made({**spec, "config": {**spec["config"], "stateful": True}})
    layer.build((BATCH, STEPS, FEATURES))
    set_weights(layer)
    calls = []
    for salt in (55, 56, None, 57):
        if salt is None:
            layer.reset_state()
        else:
            calls.append(tensor(layer(sequence([BATCH, STEPS, FEATURES], salt=salt))))
    return {"spec": camels(spec), "outputs": calls}


def masked_model(maker):
    """Embedding or Masking, then recurrent layers that get the mask: the output and the gradients of all weights."""
    first, x = maker
    model = keras.Sequential([made(first), made(both(of("LSTM", return_sequences=True), merge_mode="sum")), made(of("GRU"))])
    model.build(x.shape)
    set_weights(model)
    trainable = [v.value for v in model.trainable_variables]
    fixed = [v.value for v in model.non_trainable_variables]
    y, back = jax.vjp(lambda weights: model.stateless_call(weights, fixed, jnp.asarray(x))[0], trainable)
    gradients = back(jnp.asarray(sequence(y.shape, salt=70)))[0]
    return {"first": camels(first), "input": tensor(x), "output": tensor(y), "gradients": [np.reshape(g, -1) for g in gradients]}


def fitted(spec):
    """The losses of 12 steps of Adam on one batch."""
    model = keras.Sequential([made(spec), keras.layers.Dense(1)])
    model.build((8, 6, 2))
    set_weights(model)
    model.compile(optimizer="adam", loss="mse")
    x, y = sequence([8, 6, 2], salt=58), sequence([8, 1], salt=59)
    return {"spec": camels(spec), "losses": [float(model.train_on_batch(x, y)) for _ in range(12)]}


PADDED = sequence([BATCH, STEPS, 2], salt=55)
PADDED[0, 3] = PADDED[1, 1:3] = 0
FOUR = (2, 3, 4)

write(
    LAYERS_GOLDEN / "recurrent.json",
    "Input: sequence(shape, 55); initial state i: sequence(..., 60 + i); cotangent of output i: sequence(..., 70 + i); weight i: "
    "sequence(..., 80 + i, scale 1). Gradients: of the input, the initial states, the weights. `fitted`: x sequence(58), y sequence(59).",
    {
        "layers": [
            *common("SimpleRNN", 1), *common("LSTM", 2), *gated("LSTM", 2), *common("GRU", 1), *gated("GRU", 1),
            *common("GRU", 1, reset_after=False), *gated("GRU", 1, reset_after=False),
            case(of("LSTM", unit_forget_bias=False)),
            *[case({**of(name, **ALL), "config": {"units": 8, **ALL}}, shape=FOUR) for name in ("SimpleRNN", "LSTM", "GRU")],
            case(stacked(cell("SimpleRNN"), cell("LSTM"), cell("GRU")), mask=MASK),
            case({"class": "RNN", "config": {"cell": {"class": "StackedRNNCells", "config": {"cells": [cell("GRU"), cell("GRU")]}}}}),
            *[case(both(of("LSTM", **options), merge_mode=mode), mask=mask)
              for mode in ("concat", "sum", "mul", "ave", None) for options, mask in (({}, None), (ALL, MASK))],
            case(both(of("LSTM", **ALL)), states=4, mask=MASK),
            case(both(of("GRU", return_sequences=True), backward_layer=of("SimpleRNN", return_sequences=True, go_backwards=True))),
        ],
        "cells": [steps(cell(name)) for name in ("SimpleRNN", "LSTM", "GRU")] + [steps(cell("GRU", reset_after=False))],
        "stateful": [stateful(of(name)) for name in ("SimpleRNN", "LSTM", "GRU")],
        "masked": [
            masked_model(({"class": "Embedding", "config": {"input_dim": 5, "output_dim": 2, "mask_zero": True}}, np.array([[1, 2, 0, 0], [3, 0, 4, 1], [4, 4, 2, 0]], "int32"))),
            masked_model(({"class": "Masking", "config": {}}, PADDED)),
        ],
        "fitted": [fitted(of(name)) for name in ("SimpleRNN", "LSTM", "GRU")],
    },
)
