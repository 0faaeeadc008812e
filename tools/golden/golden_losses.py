"""Writes packages/layers/test/golden/losses.json: values of Keras's losses and their gradients with respect to y_pred."""

import jax.numpy as jnp

from common import LAYERS_GOLDEN, camel, jax, keras, np, sequence, tensor, write

LOGITS = sequence([5, 4], salt=21, scale=6.0)
PROBABILITIES = np.array(jax.nn.softmax(LOGITS))
UNIT = np.array(jax.nn.sigmoid(LOGITS))
EXTREME = np.array([[0, 1, 0, 0], [1, 0, 0, 0], [1e-9, 1 - 1e-6, 1e-6, 0], [0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0]], "float32")
SCORES = np.array([[2, 1, 0.5, 0.5], [1, 1, 1, 1], [0.1, 0.2, 0.3, 0.4], [3, 0, 0, 1], [0.2, 0.2, 0.2, 0.2]], "float32")
HOT = np.eye(4, dtype="float32")[[1, 0, 3, 2, 1]]
INPUTS = {
    "regression": sequence([5, 4], salt=22),
    "regressionTrue": sequence([5, 4], salt=23),
    "logits": LOGITS,
    "probabilities": PROBABILITIES,
    "unnormalised": SCORES,
    "extreme": EXTREME,
    "unit": UNIT,
    "oneHot": HOT,
    "multiHot": (sequence([5, 4], salt=24) > 0).astype("float32"),
    "soft": np.array(jax.nn.softmax(sequence([5, 4], salt=25, scale=4.0))),
    "labels": np.array([1, 0, 3, 2, 1], "int32"),
    "labelsColumn": np.array([[1], [0], [3], [2], [1]], "int32"),
    "labelsIgnored": np.array([1, -1, 3, 2, -1], "int32"),
    "binaryColumn": np.array([[1], [0], [1], [1], [0]], "float32"),
    "binaryLogits": sequence([5, 1], salt=26, scale=8.0),
    "binaryUnit": np.array(jax.nn.sigmoid(sequence([5, 1], salt=26, scale=8.0))),
    "zeroRow": np.array([[0, 0, 0, 0], [1, 2, 3, 4], [0, 1, 0, 0], [-1, 1, -1, 1], [1, 1, 1, 1]], "float32"),
    "steps": sequence([2, 3, 4], salt=27),
    "stepsLogits": sequence([2, 3, 4], salt=28, scale=6.0),
    "stepsLabels": np.array([[1, 0, 3], [2, 2, 0]], "int32"),
}
WEIGHTS = {
    "perSample": np.array([1, 0.5, 0, 2, 1.5], "float32"),
    "column": np.array([[1], [0.5], [0], [2], [1.5]], "float32"),
    "perSequence": np.array([[1], [0.25]], "float32"),
    "perStep": np.array([[1, 0, 2], [0.5, 1, 1]], "float32"),
}
CASES = [
    *[(name, "regressionTrue", "regression", {}) for name in ("MeanSquaredError", "MeanAbsoluteError", "CosineSimilarity")],
    ("CosineSimilarity", "regressionTrue", "zeroRow", {}),
    ("CosineSimilarity", "regressionTrue", "regression", {"axis": 0}),
    *[(name, "oneHot", pred, config) for name in ("CategoricalCrossentropy",) for pred, config in (
        ("probabilities", {}), ("unnormalised", {}), ("extreme", {}), ("logits", {"from_logits": True}),
        ("probabilities", {"label_smoothing": 0.1}), ("logits", {"from_logits": True, "label_smoothing": 0.2}),
    )],
    ("CategoricalCrossentropy", "soft", "logits", {"from_logits": True}),
    ("CategoricalCrossentropy", "soft", "probabilities", {}),
    *[("SparseCategoricalCrossentropy", true, pred, config) for true, pred, config in (
        ("labels", "probabilities", {}), ("labels", "unnormalised", {}), ("labels", "extreme", {}), ("labelsColumn", "probabilities", {}),
        ("labels", "logits", {"from_logits": True}), ("labelsIgnored", "logits", {"from_logits": True, "ignore_class": -1}),
    )],
    *[("BinaryCrossentropy", true, pred, config) for true, pred, config in (
        ("multiHot", "unit", {}), ("multiHot", "extreme", {}), ("multiHot", "logits", {"from_logits": True}),
        ("binaryColumn", "binaryUnit", {}), ("binaryColumn", "binaryLogits", {"from_logits": True}),
        ("binaryColumn", "binaryUnit", {"label_smoothing": 0.1}), ("binaryColumn", "binaryLogits", {"from_logits": True, "label_smoothing": 0.3}),
        ("soft", "unit", {}),
    )],
    ("KLDivergence", "soft", "probabilities", {}),
    ("KLDivergence", "oneHot", "extreme", {}),
]
WEIGHTED = [
    ("MeanSquaredError", "regressionTrue", "regression", {}),
    ("BinaryCrossentropy", "multiHot", "unit", {}),
    ("CategoricalCrossentropy", "oneHot", "probabilities", {}),
    ("SparseCategoricalCrossentropy", "labels", "logits", {"from_logits": True}),
    ("KLDivergence", "soft", "probabilities", {}),
    ("CosineSimilarity", "regressionTrue", "regression", {}),
]
SEQUENCES = [
    ("MeanAbsoluteError", "steps", "stepsLogits", {}),
    ("SparseCategoricalCrossentropy", "stepsLabels", "stepsLogits", {"from_logits": True}),
]


def case(name, true, pred, config, weight=None, reduction="sum_over_batch_size"):
    """The gradient is of the value itself, or of its sum where the reduction keeps several values."""
    loss = getattr(keras.losses, name)(reduction=reduction, **config)
    y_true, y_pred = jnp.asarray(INPUTS[true]), jnp.asarray(INPUTS[pred])
    sample_weight = None if weight is None else jnp.asarray(WEIGHTS[weight])
    value = loss(y_true, y_pred, sample_weight)
    gradient = jax.grad(lambda p: jnp.sum(loss(y_true, p, sample_weight)))(y_pred)
    entry = {"loss": name, "config": camel({**config, "reduction": reduction}), "yTrue": true, "yPred": pred}
    if weight is not None:
        entry["sampleWeight"] = weight
    return {**entry, "value": tensor(value), "gradient": np.reshape(gradient, -1)}


rows = [case(*entry) for entry in CASES]
rows += [case(*entry, reduction="none") for entry in CASES]
rows += [case(*entry, weight, reduction) for entry in WEIGHTED for weight in (None, "perSample")
         for reduction in ("none", "sum", "mean", "sum_over_batch_size", "mean_with_sample_weight")]
rows += [case(*entry, "column") for entry in WEIGHTED[:2]]
rows += [case(*entry, weight, reduction) for entry in SEQUENCES for weight in (None, "perSequence", "perStep")
         for reduction in ("sum_over_batch_size", "none")]
write(
    LAYERS_GOLDEN / "losses.json",
    "NaN in a gradient: Keras's own (an all-zero vector under CosineSimilarity), not to be compared. value = loss(yTrue, yPred, sampleWeight); gradient = d sum(value) / d yPred by jax.grad, shape of yPred; config keys in camelCase.",
    {"inputs": {k: tensor(v) for k, v in INPUTS.items()}, "sampleWeights": {k: tensor(v) for k, v in WEIGHTS.items()}, "cases": rows},
)
