/** From a Project's stack to a compiled tenrec model: the only place that names layers and optimizers. */

import { Input, type KerasTensor, type Layer, layers, losses, Model, optimizers, utils } from "tenrec";
import type { Activation, LayerSpec, Project, TrainSettings } from "../project/project.ts";
import { attentionBlock, Positions } from "./attentionBlock.ts";
import type { LayerSummary } from "./protocol.ts";

type Optimizer = InstanceType<(typeof optimizers)["SGD" | "RMSprop" | "Adam" | "AdamW" | "Adagrad"]>;

/** A fresh optimizer with no moments. */
export function makeOptimizer({ optimizer, learningRate }: TrainSettings): Optimizer {
  switch (optimizer) {
    case "sgd":
      return new optimizers.SGD({ learningRate });
    case "momentum":
      return new optimizers.SGD({ learningRate, momentum: 0.9, nesterov: true });
    case "rmsprop":
      return new optimizers.RMSprop({ learningRate });
    case "adam":
      return new optimizers.Adam({ learningRate });
    case "adamw":
      return new optimizers.AdamW({ learningRate });
    case "adagrad":
      return new optimizers.Adagrad({ learningRate });
  }
}

/** One card of the stack as layers of the library, and what it gives. */
export interface Card {
  readonly layers: readonly Layer[];
  readonly output: KerasTensor;
}

/** A compiled model, and its cards in order: those that are edited and a last one for the output. */
export interface Net {
  readonly model: Model;
  readonly input: KerasTensor;
  readonly cards: readonly Card[];
}

/** Side of a digit in pixels. */
export const digitSide = 8;

/** What one row of the input is: two coordinates, the pixels of a digit in a row or as a picture, a window of characters. */
function inputOf({ task, data }: Project): KerasTensor {
  if (task === "text") return Input({ shape: [data.window], dtype: "int32" });
  if (task === "points") return Input({ shape: [2] });
  return Input({ shape: data.set === "pictures" ? [digitSide, digitSide, 1] : [digitSide * digitSide] });
}

const simple = (layer: Layer, inputs: KerasTensor): Card => ({
  layers: [layer],
  output: layer.apply(inputs),
});

/** Dense layers see a picture as one row of numbers. */
function dense(units: number, activation: Activation, inputs: KerasTensor): Card {
  const layer = new layers.Dense(units, { activation });
  if (inputs.ndim !== 4) return simple(layer, inputs);
  const flatten = new layers.Flatten();
  return { layers: [flatten, layer], output: layer.apply(flatten.apply(inputs)) };
}

function embedding(units: number, classes: number, ordered: boolean, inputs: KerasTensor): Card {
  const card = simple(new layers.Embedding(classes, units), inputs);
  if (!ordered) return card;
  const positions = new Positions();
  return { layers: [...card.layers, positions], output: positions.apply(card.output) };
}

function makeCard(spec: LayerSpec, inputs: KerasTensor, { model }: Project, classes: number): Card {
  switch (spec.kind) {
    case "dense":
      return dense(spec.units, spec.activation, inputs);
    case "dropout":
      return simple(new layers.Dropout(spec.rate), inputs);
    case "conv": {
      const { filters, kernel, activation } = spec;
      return simple(new layers.Conv2D(filters, kernel, { padding: "same", activation }), inputs);
    }
    case "pool":
      return simple(new layers.MaxPooling2D({ poolSize: spec.size, padding: "same" }), inputs);
    case "embedding": {
      const ordered = model.layers.some(({ kind }) => kind === "attention");
      return embedding(spec.units, classes, ordered, inputs);
    }
    case "gru":
      return simple(new layers.GRU(spec.units, { returnSequences: true }), inputs);
    case "lstm":
      return simple(new layers.LSTM(spec.units, { returnSequences: true }), inputs);
    case "attention": {
      const [used, output] = attentionBlock(inputs, spec.heads);
      return { layers: used, output };
    }
  }
}

/**
 * The loss takes logits: on probabilities Keras clips at 1e-7, where the gradient is 0 and a network that is sure
 * and wrong (too high a learning rate) stays so for ever.
 */
export function compile(model: Model, optimizer: Optimizer): void {
  const loss = new losses.SparseCategoricalCrossentropy({ fromLogits: true });
  model.compile({ optimizer, loss, metrics: ["accuracy"] });
}

/** A freshly initialised, compiled model that gives logits; equal projects give equal weights. */
export function makeNet(project: Project, classes: number): Net {
  utils.setRandomSeed(project.model.seed);
  const input = inputOf(project);
  const cards: Card[] = [];
  const last = () => cards.at(-1)?.output ?? input;
  for (const spec of project.model.layers) cards.push(makeCard(spec, last(), project, classes));
  cards.push(dense(classes, "linear", last()));
  const model = new Model({ inputs: input, outputs: last() });
  compile(model, makeOptimizer(project.train));
  return { model, input, cards };
}

/** Output shape and parameters of each card. */
export function summarise({ cards }: Net): LayerSummary[] {
  return cards.map((card) => ({
    shape: card.output.shape.slice(1).map((size) => size ?? 1),
    params: card.layers.reduce((sum, layer) => sum + layer.countParams(), 0),
  }));
}
