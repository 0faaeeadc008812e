"""Writes packages/layers/test/golden/metrics.json: results of Keras's metrics after each of several updates."""

from common import LAYERS_GOLDEN, camel, jax, keras, np, sequence, tensor, write

SIZES = [6, 5, 1]


def parts(make):
    return [make(size, 31 + 7 * i) for i, size in enumerate(SIZES)]


def unit(shape, salt):
    return sequence(shape, salt, 1.0) + np.float32(0.5)


def coarse(shape, salt):
    return (np.round(unit(shape, salt) * 8) / 8).astype("float32")


INPUTS = {
    "values": parts(lambda n, salt: sequence([n, 3], salt)),
    "valuesTrue": parts(lambda n, salt: sequence([n, 3], salt + 1)),
    "unit": parts(lambda n, salt: unit([n, 3], salt + 2)),
    "unitColumn": parts(lambda n, salt: unit([n, 1], salt + 3)),
    "binary": parts(lambda n, salt: (unit([n, 3], salt + 2) * 0.6 + unit([n, 3], salt + 9) * 0.4 > 0.5).astype("float32")),
    "binaryColumn": parts(lambda n, salt: (unit([n, 1], salt + 3) * 0.5 + unit([n, 1], salt + 8) * 0.5 > 0.45).astype("float32")),
    "tied": parts(lambda n, salt: coarse([n, 3], salt + 2)),
    "scores": parts(lambda n, salt: np.array(jax.nn.softmax(sequence([n, 4], salt + 4, 4.0)))),
    "logits": parts(lambda n, salt: sequence([n, 3], salt + 2, 6.0)),
    "oneHot": parts(lambda n, salt: np.eye(4, dtype="float32")[(unit([n], salt + 5) * 4).astype(int)]),
    "labels": parts(lambda n, salt: (unit([n], salt + 5) * 4).astype("int32")),
    "labelsColumn": parts(lambda n, salt: (unit([n, 1], salt + 5) * 4).astype("int32")),
    "guesses": parts(lambda n, salt: (unit([n], salt + 6) * 4).astype("int32")),
}
# Scores on the threshold itself, and a class tie: Keras counts y_pred > 0.5, and argmax takes the first.
INPUTS["tied"][0][0] = [0.5, 0.5, 0.5]
INPUTS["scores"][0][1] = [0.25, 0.25, 0.25, 0.25]
WEIGHTS = {
    "perSample": parts(lambda n, salt: unit([n], salt + 10)),
    "elements": parts(lambda n, salt: unit([n, 3], salt + 11)),
}
WEIGHTS["perSample"][0][2] = 0
CASES = [
    ("MeanSquaredError", {}, "valuesTrue", "values"),
    ("RootMeanSquaredError", {}, "valuesTrue", "values"),
    ("MeanAbsoluteError", {}, "valuesTrue", "values"),
    ("Accuracy", {}, "labels", "guesses"),
    ("BinaryAccuracy", {}, "binary", "unit"),
    ("BinaryAccuracy", {}, "binary", "tied"),
    ("BinaryAccuracy", {"threshold": 0.3}, "binaryColumn", "unitColumn"),
    ("CategoricalAccuracy", {}, "oneHot", "scores"),
    ("SparseCategoricalAccuracy", {}, "labels", "scores"),
    ("SparseCategoricalAccuracy", {}, "labelsColumn", "scores"),
    ("TopKCategoricalAccuracy", {"k": 2}, "oneHot", "scores"),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, "labels", "scores"),
    ("BinaryCrossentropy", {}, "binary", "unit"),
    ("BinaryCrossentropy", {"from_logits": True}, "binary", "logits"),
    ("CategoricalCrossentropy", {}, "oneHot", "scores"),
    ("SparseCategoricalCrossentropy", {}, "labels", "scores"),
    ("KLDivergence", {}, "oneHot", "scores"),
    ("CosineSimilarity", {}, "valuesTrue", "values"),
    *[(name, config, "binary", pred) for name in ("Precision", "Recall") for config, pred in (
        ({}, "unit"), ({}, "tied"), ({"thresholds": 0.3}, "unit"), ({"thresholds": [0.2, 0.5, 0.8]}, "tied"), ({"class_id": 1}, "unit"),
    )],
    ("Precision", {"top_k": 1}, "oneHot", "scores"),
    ("Recall", {"top_k": 2}, "oneHot", "scores"),
    ("TruePositives", {}, "binary", "unit"),
    ("TrueNegatives", {}, "binary", "unit"),
    ("FalsePositives", {}, "binary", "unit"),
    ("FalseNegatives", {}, "binary", "unit"),
    *[("AUC", config, "binary", pred) for config, pred in (
        ({}, "unit"), ({}, "tied"), ({"curve": "PR"}, "unit"), ({"curve": "PR"}, "tied"), ({"num_thresholds": 5}, "unit"),
        ({"num_thresholds": 5, "curve": "PR"}, "tied"), ({"summation_method": "minoring"}, "tied"), ({"summation_method": "majoring"}, "tied"),
        ({"thresholds": [0.1, 0.4, 0.9]}, "unit"), ({"from_logits": True}, "logits"), ({"multi_label": True, "num_labels": 3}, "unit"),
    )],
]


def results(metric, true, pred, weights):
    """The result after each update; the last entry is after reset_state and the last batch alone."""
    rows = []
    for i in range(len(SIZES)):
        metric.update_state(INPUTS[true][i], INPUTS[pred][i], sample_weight=None if weights is None else WEIGHTS[weights][i])
        rows.append(metric.result())
    metric.reset_state()
    metric.update_state(INPUTS[true][-1], INPUTS[pred][-1])
    return rows, metric.result()


def case(name, config, true, pred, weights=None):
    rows, again = results(getattr(keras.metrics, name)(**config), true, pred, weights)
    entry = {"metric": name, "config": camel(config), "yTrue": true, "yPred": pred, "sampleWeight": weights}
    return {**entry, "results": rows, "afterReset": again}


def means(name, weights):
    metric, rows = getattr(keras.metrics, name)(), []
    for i in range(len(SIZES)):
        metric.update_state(INPUTS["values"][i], sample_weight=None if weights is None else WEIGHTS[weights][i])
        rows.append(metric.result())
    return {"metric": name, "values": "values", "sampleWeight": weights, "results": rows}


def fresh_name(name):
    keras.backend.clear_session()
    return getattr(keras.metrics, name)().name


write(
    LAYERS_GOLDEN / "metrics.json",
    "Three updates (6, 5 and 1 samples): results[i] is result() after update i; afterReset is the last batch alone, unweighted. reductions: metrics of one value.",
    {
        "inputs": {key: [tensor(part) for part in value] for key, value in INPUTS.items()},
        "sampleWeights": {key: [tensor(part) for part in value] for key, value in WEIGHTS.items()},
        "cases": [case(*entry, weights) for entry in CASES for weights in (None, "perSample")],
        "reductions": [means(name, weights) for name in ("Mean", "Sum") for weights in (None, "perSample", "elements")],
        "names": {name: fresh_name(name) for name in sorted({entry[0] for entry in CASES} | {"Mean"})},
    },
)
