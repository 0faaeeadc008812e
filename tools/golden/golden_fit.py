"""Writes packages/layers/test/golden/fit.json: histories, evaluations and predictions of real Keras fits."""

from common import LAYERS_GOLDEN, camel, keras, np, sequence, tensor, write

ROWS, VALIDATION, FEATURES, CLASSES = 70, 25, 6, 3
X, XV = sequence([ROWS, FEATURES], salt=71), sequence([VALIDATION, FEATURES], salt=72)
MAP = sequence([FEATURES, CLASSES], salt=73)
Y, YV = [np.argmax(x @ MAP, -1).astype("int32") for x in (X, XV)]
SAMPLE_WEIGHT = sequence([ROWS], salt=74, scale=1.0) + np.float32(1)
VALIDATION_WEIGHT = sequence([VALIDATION], salt=75, scale=1.0) + np.float32(1)
WEIGHTS = [sequence(shape, salt, scale) for shape, salt, scale in (
    ([FEATURES, 8], 76, 1.2), ([8], 77, 0.2), ([8, CLASSES], 78, 1.2), ([CLASSES], 79, 0.2),
)]
HEAD1 = [WEIGHTS[0], WEIGHTS[1], sequence([8, 1], salt=80, scale=1.2), np.zeros(1, "float32")]


def model(binary):
    result = keras.Sequential([
        keras.Input([FEATURES]), keras.layers.Dense(8, "tanh"), keras.layers.Dense(1 if binary else CLASSES, "sigmoid" if binary else "softmax"),
    ])
    result.set_weights(HEAD1 if binary else WEIGHTS)
    return result


def targets(kind):
    if kind == "binary":
        return (Y == 0).astype("float32"), (YV == 0).astype("float32")
    if kind == "oneHot":
        return np.eye(CLASSES, dtype="float32")[Y], np.eye(CLASSES, dtype="float32")[YV]
    return Y, YV


def run(title, kind, compile_options, validation=None, **fit_options):
    net = model(kind == "binary")
    net.compile(**compile_options)
    y, yv = targets(kind)
    arrays = {
        "data": {"validation_data": (XV, yv)}, "weighted": {"validation_data": (XV, yv, VALIDATION_WEIGHT)},
        "split": {"validation_split": 0.2}, None: {},
    }[validation]
    options = {"epochs": 3, "batch_size": 16, "shuffle": False, **fit_options}
    if options.pop("sample_weight", False):
        arrays = {**arrays, "sample_weight": SAMPLE_WEIGHT}
    callbacks = options.pop("callbacks", [])
    history = net.fit(X, y, verbose=0, callbacks=[getattr(keras.callbacks, name)(**config) for name, config in callbacks], **options, **arrays)
    class_weight = options.pop("class_weight", None)
    described = {**camel(options), "classWeight": None if class_weight is None else {str(k): v for k, v in class_weight.items()}}
    return {
        "title": title, "targets": kind, "compile": camel(compile_options), "fit": described, "validation": validation,
        "sampleWeight": "sample_weight" in arrays, "callbacks": [{"name": name, "config": camel(config)} for name, config in callbacks],
        "epoch": history.epoch, "history": history.history,
        "evaluate": net.evaluate(XV, yv, batch_size=16, return_dict=True, verbose=0),
        "predict": net.predict(XV[:4], verbose=0).reshape(-1), "finalWeights": [np.reshape(w, -1) for w in net.get_weights()],
    }


SPARSE = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
FAST = {"optimizer": "rmsprop", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
BINARY = {"optimizer": "sgd", "loss": "binary_crossentropy", "metrics": ["accuracy"]}
write(
    LAYERS_GOLDEN / "fit.json",
    "Sequential Dense(8, tanh), Dense(3, softmax) or, for binary targets, Dense(1, sigmoid); 70 rows in batches of 16, the last of 6. "
    "binary target: label == 0. weightedMetrics differ from metrics by the sample weights. evaluate is on the validation rows, unweighted.",
    {
        "x": {**tensor(X), "salt": 71}, "xValidation": {**tensor(XV), "salt": 72}, "labels": Y, "labelsValidation": YV,
        "sampleWeight": SAMPLE_WEIGHT, "validationWeight": VALIDATION_WEIGHT,
        "initialWeights": [tensor(w) for w in WEIGHTS], "initialWeightsBinary": [tensor(w) for w in HEAD1],
        "runs": [
            run("plain", "labels", SPARSE, "data"),
            run("tail batch only", "labels", FAST, None, batch_size=100),
            run("sample weights", "labels", {**SPARSE, "weighted_metrics": ["accuracy"]}, "weighted", sample_weight=True),
            run("class weights", "labels", {**SPARSE, "weighted_metrics": ["accuracy"]}, "data", class_weight={0: 1.0, 1: 3.0, 2: 0.5}),
            run("class weights, one-hot", "oneHot", {**SPARSE, "loss": "categorical_crossentropy"}, "data", class_weight={0: 1.0, 1: 3.0}),
            run("validation split", "labels", FAST, "split"),
            run("binary accuracy", "binary", BINARY, "data"),
            run("binary class weights", "binary", BINARY, "data", class_weight={0: 0.5, 1: 2.0}),
            run("binary with AUC", "binary", {**BINARY, "metrics": ["AUC", "Precision", "Recall"]}, "data"),
            run("initial epoch", "labels", FAST, "data", initial_epoch=2, epochs=4),
            run("mean squared error", "oneHot", {"optimizer": "adagrad", "loss": "mse", "metrics": ["mae"]}, "data"),
            run("early stopping", "labels", {**SPARSE, "optimizer": "sgd"}, "data", epochs=8,
                callbacks=[("EarlyStopping", {"monitor": "val_loss", "min_delta": 0.05, "patience": 2, "restore_best_weights": True})]),
            run("plateau", "labels", {**SPARSE, "optimizer": "sgd"}, "data", epochs=6,
                callbacks=[("ReduceLROnPlateau", {"monitor": "val_loss", "factor": 0.5, "patience": 1, "min_delta": 0.1})]),
        ],
    },
)
