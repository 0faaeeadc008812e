"""Writes packages/layers/test/golden/modelLayers.json: norms, embeddings, attention and small layers of Keras, with gradients and state."""

import inspect

import jax.numpy as jnp

from common import LAYERS_GOLDEN, camel, jax, keras, np, sequence, tensor, write


def floats(shape, salt, scale=4.0):
    return sequence(shape, salt=salt, scale=scale)


def integers(shape, salt, size):
    return np.floor((sequence(shape, salt=salt, scale=1.0) + 0.5) * size).astype("int32")


def weights_of(layer, scale):
    """Numbers for every weight: statistics that are variances stay positive."""
    values = []
    for i, weight in enumerate(layer.weights):
        value = sequence(weight.shape, salt=80 + i, scale=scale)
        values.append(np.abs(value) + np.float32(0.25) if "variance" in weight.name else value)
    return values


def case(name, config, inputs, call=None, training=False, label=None, weight_scale=1.0, masks=None):
    """Outputs, their pull-backs (cotangent: sequence of salt 52) to float inputs and trained weights, and the state after the call."""
    layer = getattr(keras.layers, name)(**config)
    inputs = inputs if isinstance(inputs, list) else [inputs]
    given = [jnp.asarray(x) for x in inputs]
    call = call or {}
    # Attention takes a list, multi-head attention separate arguments.
    is_list = name in ("Attention", "AdditiveAttention")
    arguments = lambda values: ([list(values)] if is_list else list(values))
    if masks is not None:
        call = {**call, **masks}
    options = {key: (jnp.asarray(value) if isinstance(value, np.ndarray) else value) for key, value in call.items()}
    if is_list and "mask" in options:
        options["mask"] = [None if m is None else jnp.asarray(m) for m in options["mask"]]
    layer(*arguments(given), **options)
    layer.set_weights(weights_of(layer, weight_scale))
    stored = [np.asarray(w) for w in layer.get_weights()]
    trainable = [v.value for v in layer.trainable_variables]
    fixed = [v.value for v in layer.non_trainable_variables]
    is_float = [x.dtype == np.float32 for x in inputs]
    takes_training = "training" in inspect.signature(layer.call).parameters
    extra = {"training": training} if takes_training else {}

    def run(values, variable_inputs):
        moving = iter(variable_inputs)
        full = [next(moving) if f else x for f, x in zip(is_float, given)]
        result, state = layer.stateless_call(values, fixed, *arguments(full), **options, **extra)
        outputs = list(result) if isinstance(result, (tuple, list)) else [result]
        return outputs, state

    outputs, back, state = jax.vjp(run, trainable, [x for f, x in zip(is_float, given) if f], has_aux=True)
    gradients, dx = back([jnp.asarray(sequence(y.shape, salt=52)).astype(y.dtype) for y in outputs])
    plain = {key: value for key, value in (call or {}).items() if not isinstance(value, (np.ndarray, list))}
    tensors = {key: tensor(value) for key, value in (call or {}).items() if isinstance(value, np.ndarray)}
    mask = [None if m is None else tensor(m) for m in call["mask"]] if isinstance(call.get("mask"), list) else None
    return {
        "layer": name, "label": label or "", "config": camel(config), "inputs": [tensor(x) for x in inputs],
        "call": camel(plain), "masks": camel(tensors), "mask": mask, "training": training,
        "weights": [{"name": w.path, **tensor(v)} for w, v in zip(layer.weights, stored)],
        "outputs": [tensor(y) for y in outputs], "inputGradients": [np.reshape(g, -1) for g in dx],
        "weightGradients": [np.reshape(g, -1) for g in gradients],
        "state": [np.reshape(s, -1) for s in state] if training else [],
    }


SEQ = floats([2, 3, 4], 61)
IMAGE = floats([2, 3, 2, 4], 62)
MASK = np.array([[True, True, False], [True, False, False]])
KEYS = floats([2, 5, 4], 63)
ATTENTION = np.array([[[True, True, False, True, False]] * 3, [[False, True, True, True, True]] * 3])
rows = [
    *[case("BatchNormalization", config, x, training=training)
      for training in (False, True)
      for config, x in (({}, IMAGE), ({"axis": 1, "momentum": 0.9, "epsilon": 1e-5}, IMAGE), ({"scale": False}, SEQ), ({"center": False}, floats([5, 3], 64)))],
    case("BatchNormalization", {"trainable": False}, IMAGE, training=True, label="frozen"),
    *[case("LayerNormalization", config, x) for config, x in (
        ({}, SEQ), ({"axis": [1, 2], "epsilon": 1e-6}, SEQ), ({"axis": 1}, SEQ), ({"center": False}, SEQ), ({"scale": False}, SEQ),
        ({"rms_scaling": True}, SEQ),
    )],
    *[case("GroupNormalization", config, IMAGE) for config in (
        {"groups": 2}, {"groups": -1}, {"groups": 1, "center": False}, {"groups": 3, "axis": 1, "scale": False},
    )],
    *[case("RMSNormalization", config, x) for config, x in (({}, SEQ), ({"axis": [1, 2]}, SEQ))],
    *[case("UnitNormalization", config, SEQ) for config in ({}, {"axis": [1, 2]}, {"axis": 1})],
    case("Embedding", {"input_dim": 7, "output_dim": 3}, integers([2, 4], 65, 7)),
    case("Embedding", {"input_dim": 5, "output_dim": 2, "mask_zero": True}, integers([3], 66, 5)),
    case("Masking", {"mask_value": 2.0}, np.array([[[1, 2], [2, 2], [0, 0]]], "float32")),
    *[case("EinsumDense", config, x) for config, x in (
        ({"equation": "ab,bc->ac", "output_shape": 5, "bias_axes": "c", "activation": "tanh"}, floats([3, 4], 67)),
        ({"equation": "abc,cde->abde", "output_shape": [None, 2, 3], "bias_axes": "de"}, SEQ),
        ({"equation": "...x,xy->...y", "output_shape": 5, "bias_axes": "y"}, IMAGE),
        ({"equation": "ab...,bc->ac...", "output_shape": [5], "bias_axes": "c"}, IMAGE),
        ({"equation": "abc,cd->adb", "output_shape": [5, 3], "bias_axes": "b"}, SEQ),
    )],
    *[case("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, **config}, inputs, call, label=label) for label, config, inputs, call in (
        ("self", {}, [SEQ, SEQ], {}),
        ("cross", {"use_bias": False}, [SEQ, KEYS], {}),
        # JAX has no fused attention for values of another depth.
        ("other depth of values", {"value_dim": 2}, [SEQ, KEYS], {"return_attention_scores": True}),
        ("three inputs", {"output_shape": 5}, [SEQ, KEYS, floats([2, 5, 6], 68)], {}),
        ("causal", {}, [SEQ, SEQ], {"use_causal_mask": True}),
        ("mask", {}, [SEQ, KEYS], {"attention_mask": ATTENTION}),
        ("mask and causal", {}, [SEQ, SEQ], {"attention_mask": ATTENTION[:, :, :3], "use_causal_mask": True}),
        ("padding", {}, [SEQ, SEQ], {"value_mask": MASK}),
        ("scores", {}, [SEQ, KEYS], {"return_attention_scores": True, "attention_mask": ATTENTION}),
        ("causal scores", {}, [SEQ, SEQ], {"return_attention_scores": True, "use_causal_mask": True}),
        ("gate and window", {"use_gate": True, "sliding_window": 2}, [SEQ, SEQ], {}),
        ("images", {"attention_axes": [2]}, [IMAGE, IMAGE], {}),
        ("images, all axes", {"output_shape": [2, 3]}, [IMAGE, IMAGE], {}),
    )],
    *[case("GroupQueryAttention", {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2, **config}, inputs, call, label=label)
      for label, config, inputs, call in (
        ("self", {}, [SEQ, SEQ], {}),
        ("causal", {"use_bias": False}, [SEQ, SEQ], {"use_causal_mask": True}),
        ("scores", {}, [SEQ, KEYS], {"return_attention_scores": True, "attention_mask": ATTENTION}),
    )],
    *[case("Attention", config, inputs, call, label=label) for label, config, inputs, call in (
        ("dot", {}, [SEQ, KEYS], {}),
        ("three inputs", {}, [SEQ, floats([2, 5, 3], 69), KEYS], {}),
        ("scale, causal", {"use_scale": True}, [SEQ, SEQ], {"use_causal_mask": True}),
        ("concat", {"score_mode": "concat", "use_scale": True}, [SEQ, KEYS], {}),
        ("scores", {}, [SEQ, KEYS], {"return_attention_scores": True}),
        ("masks", {}, [SEQ, SEQ], {"mask": [MASK, MASK]}),
    )],
    *[case("AdditiveAttention", config, inputs, call, label=label) for label, config, inputs, call in (
        ("plain", {}, [SEQ, KEYS], {}),
        ("no scale, masks", {"use_scale": False}, [SEQ, SEQ], {"mask": [MASK, MASK]}),
    )],
    case("Softmax", {}, SEQ, {"mask": np.array([[[True, True, False, True]], [[False, False, False, False]]])}, label="mask"),
    *[case("PReLU", config, SEQ) for config in ({}, {"shared_axes": [1]})],
    case("Permute", {"dims": [2, 1]}, SEQ),
    case("Permute", {"dims": [3, 1, 2]}, IMAGE),
    case("RepeatVector", {"n": 3}, floats([2, 4], 70)),
    case("Identity", {}, SEQ),
    *[case(name, {"seed": 5, **config}, x, training=True) for name, config, x in (
        ("GaussianNoise", {"stddev": 0.5}, SEQ), ("GaussianDropout", {"rate": 0.25}, SEQ), ("AlphaDropout", {"rate": 0.25}, SEQ),
        ("SpatialDropout1D", {"rate": 0.5}, SEQ), ("SpatialDropout2D", {"rate": 0.5}, IMAGE),
        ("SpatialDropout2D", {"rate": 0.5, "data_format": "channels_first"}, IMAGE),
        ("SpatialDropout3D", {"rate": 0.5}, floats([2, 2, 1, 2, 3], 71)),
    )],
    case("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "dropout": 0.5, "seed": 7}, [SEQ, SEQ], training=True, label="dropout"),
    case("Attention", {"dropout": 0.5, "seed": 7}, [SEQ, KEYS], training=True, label="dropout"),
]
write(
    LAYERS_GOLDEN / "modelLayers.json",
    "Gradients are pull-backs of the cotangent sequence(output.shape, salt 52, scale 2) of every output; `state` is what the variables that are not "
    "trained hold after the call, generators included.",
    {"rows": rows},
)
