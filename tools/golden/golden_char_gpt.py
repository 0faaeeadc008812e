"""Writes packages/layers/test/golden/charGpt.json: loss curves of a character model in real Keras.

The long curve needs The Republic as text (Project Gutenberg): a file `text/republic_clean.txt` in the folder that TENREC_DATA names, or
in ../shared/data beside the repository. Without it, the curve that the fixture has is kept.
"""

import json

from common import LAYERS_GOLDEN, ROOT, keras, np, os, pathlib, sequence, write

PATH = LAYERS_GOLDEN / "charGpt.json"
TEXT = pathlib.Path(os.environ.get("TENREC_DATA", ROOT.parent / "shared" / "data")) / "text" / "republic_clean.txt"


class TokensAndPositions(keras.layers.Layer):
    """A vector for each character plus one for each position."""

    def __init__(self, vocabulary, width, steps):
        super().__init__()
        self.tokens = keras.layers.Embedding(vocabulary, width)
        self.positions = keras.layers.Embedding(steps, width)

    def call(self, x):
        return self.tokens(x) + self.positions(keras.ops.arange(x.shape[1]))


def block(x, width, heads):
    layers = keras.layers
    normalized = layers.LayerNormalization()(x)
    attended = layers.MultiHeadAttention(heads, width // heads)(normalized, normalized, use_causal_mask=True)
    middle = layers.Add()([x, attended])
    expanded = layers.Dense(4 * width, "gelu")(layers.LayerNormalization()(middle))
    return layers.Add()([middle, layers.Dense(width)(expanded)])


def char_gpt(blocks, width, heads, steps, vocabulary):
    inputs = keras.Input([steps], dtype="int32")
    x = TokensAndPositions(vocabulary, width, steps)(inputs)
    for _ in range(blocks):
        x = block(x, width, heads)
    return keras.Model(inputs, keras.layers.Dense(vocabulary)(keras.layers.LayerNormalization()(x)))


def initial(index, weight, scale):
    """Kernels and embeddings from the formula; gains 1, offsets 0."""
    if weight.name in ("gamma", "beta", "bias"):
        return np.full(weight.shape, float(weight.name == "gamma"), "float32")
    return sequence(weight.shape, 200 + index, scale)


def batch(text, number, size, steps):
    """Rows of text from places that a formula spreads over it, and the characters one further."""
    starts = [((number * size + row) * 5741) % (len(text) - steps - 1) for row in range(size)]
    return [np.stack([text[start + shift:start + shift + steps] for start in starts]) for shift in (0, 1)]


def curve(text, count, size, scale, **options):
    model = char_gpt(**options)
    model.set_weights([initial(i, weight, scale) for i, weight in enumerate(model.weights)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss)
    losses = []
    for number in range(count):
        model.reset_metrics()
        losses.append(np.float32(model.train_on_batch(*batch(text, number, size, options["steps"]))))
    print(f"{losses[0]:.4f} -> {losses[-1]:.4f}")
    shapes = [list(weight.shape) for weight in model.weights]
    return {"options": options, "batchSize": size, "scale": scale, "weightShapes": shapes, "losses": losses}


def characters(text):
    """Numbers of the characters in their sorted order."""
    known = {character: number for number, character in enumerate(sorted(set(text)))}
    return np.array([known[character] for character in text], "int32"), len(known)


pattern = np.array([(7 * i + (i >> 3)) % 20 for i in range(500)], "int32")
small = curve(pattern, 20, 3, 0.5, blocks=2, width=16, heads=2, steps=12, vocabulary=20)
if TEXT.exists():
    republic, vocabulary = characters(TEXT.read_text(encoding="utf-8"))
    long = curve(republic, 200, 4, 0.125, blocks=4, width=128, heads=4, steps=128, vocabulary=vocabulary)
else:
    long = json.loads(PATH.read_text())["republic"]
write(PATH, "Losses of a character model, batch by batch, Adam; initial weights and places in the text from formulas", {"small": small, "republic": long})
