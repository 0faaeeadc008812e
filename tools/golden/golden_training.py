"""Writes packages/layers/test/golden/training.json: 100 train_on_batch losses per optimizer from equal weights and batches."""

from common import LAYERS_GOLDEN, camel, keras, np, sequence, tensor, write

BATCHES, BATCH, FEATURES, HIDDEN, CLASSES, STEPS = 5, 16, 8, 16, 4, 100
X = sequence([BATCHES * BATCH, FEATURES], salt=11)
TARGETS = sequence([BATCHES * BATCH, CLASSES], salt=12)
LABELS = np.argmax(np.tanh(X @ sequence([FEATURES, CLASSES], salt=13)), -1).astype("int32")
WEIGHTS = [
    sequence([FEATURES, HIDDEN], salt=14, scale=1.2),
    sequence([HIDDEN], salt=15, scale=0.2),
    sequence([HIDDEN, CLASSES], salt=16, scale=1.0),
    sequence([CLASSES], salt=17, scale=0.2),
]
RUNS = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("SGD", {"learning_rate": 0.1, "weight_decay": 0.02}),
    ("SGD", {"learning_rate": 0.1, "clipnorm": 0.15}),
    ("SGD", {"learning_rate": 0.1, "clipvalue": 0.02}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "global_clipnorm": 0.2}),
    ("RMSprop", {}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"momentum": 0.9}),
    ("RMSprop", {"learning_rate": 0.005, "rho": 0.8, "momentum": 0.5, "epsilon": 1e-5, "centered": True}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True}),
    ("Adam", {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-4}),
    ("Adam", {"weight_decay": 0.05, "clipnorm": 0.3}),
    ("Adam", {"learning_rate": 0.01, "global_clipnorm": 0.3}),
    ("AdamW", {}),
    ("AdamW", {"learning_rate": 0.01, "weight_decay": 0.1, "amsgrad": True}),
    ("Adagrad", {}),
    ("Adagrad", {"learning_rate": 0.05, "initial_accumulator_value": 0.01, "epsilon": 1e-4}),
]


def network(activation, head):
    model = keras.Sequential([keras.Input([FEATURES]), keras.layers.Dense(HIDDEN, activation), keras.layers.Dense(CLASSES, head)])
    model.set_weights(WEIGHTS)
    return model


def run(optimizer, config, loss="sparse_categorical_crossentropy", activation="tanh", head="softmax", keep_weights=True):
    """`losses` are of the single batch (metrics reset before each step); the running means come from a second model."""
    y = TARGETS if loss == "mse" else LABELS
    results = []
    for reset in (True, False):
        model = network(activation, head)
        model.compile(optimizer=getattr(keras.optimizers, optimizer)(**config), loss=loss)
        losses = []
        for step in range(STEPS if reset else 5):
            rows = slice(step % BATCHES * BATCH, (step % BATCHES + 1) * BATCH)
            if reset:
                model.reset_metrics()
            losses.append(np.float32(model.train_on_batch(X[rows], y[rows])))
        results.append(losses)
        if reset:
            final = [np.reshape(w, -1) for w in model.get_weights()]
    entry = {"optimizer": optimizer, "config": camel(config), "loss": loss, "activation": activation, "head": head}
    return {**entry, "losses": results[0], "runningMeans": results[1], "finalWeights": final}


write(
    LAYERS_GOLDEN / "training.json",
    "Sequential Dense(16, activation), Dense(4, head); step s trains on rows (s % 5) * 16 ... + 16 of x. losses: the batch's own loss; "
    "runningMeans: what trainOnBatch returns without resetMetrics (Keras's loss is a running mean). weights: kernel, bias, kernel, bias. "
    "x, targets are sequence(shape, salt, scale) of tools/golden/README.md. Settings not in config are Keras's defaults.",
    {
        "batchSize": BATCH,
        "steps": STEPS,
        "x": {"shape": list(X.shape), "salt": 11, "scale": 2.0, "first8": X.reshape(-1)[:8]},
        "targets": {"shape": list(TARGETS.shape), "salt": 12, "scale": 2.0, "first8": TARGETS.reshape(-1)[:8]},
        "labels": LABELS,
        "initialWeights": [tensor(w) for w in WEIGHTS],
        "runs": [run(*entry) for entry in RUNS]
        + [run("SGD", {"learning_rate": 0.05}, "mse", "relu", "linear"), run("Adam", {}, "mse", "relu", "linear")],
    },
)
