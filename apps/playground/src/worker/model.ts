/** From a Project's stack to a compiled tenrec model: the only place that names layers and optimizers. */

import { type Layer, layers, losses, optimizers, Sequential, utils } from "tenrec";
import type { LayerSpec, Project, TrainSettings } from "../project/project.ts";
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

function makeLayer(spec: LayerSpec): Layer {
  if (spec.kind === "dropout") return new layers.Dropout(spec.rate);
  return new layers.Dense(spec.units, { activation: spec.activation });
}

/** Numbers in one row: the pixels of a digit or the two coordinates of a point. */
export function inputWidth(project: Project): number {
  return project.task === "images" ? 64 : 2;
}

/**
 * The loss takes logits: on probabilities Keras clips at 1e-7, where the gradient is 0 and a network that is sure
 * and wrong (too high a learning rate) stays so for ever.
 */
export function compile(model: Sequential, optimizer: Optimizer): void {
  const loss = new losses.SparseCategoricalCrossentropy({ fromLogits: true });
  model.compile({ optimizer, loss, metrics: ["accuracy"] });
}

/** A freshly initialised, compiled model that gives logits; equal projects give equal weights. */
export function makeModel(project: Project, classes: number): Sequential {
  utils.setRandomSeed(project.model.seed);
  const model = new Sequential([
    new layers.InputLayer({ shape: [inputWidth(project)] }),
    ...project.model.layers.map(makeLayer),
    new layers.Dense(classes),
  ]);
  compile(model, makeOptimizer(project.train));
  return model;
}

/** Output width and parameters of each editable layer and the output, by the formula of a dense layer. */
export function summarise(project: Project, classes: number): LayerSummary[] {
  let width = inputWidth(project);
  const dense = (units: number): LayerSummary => {
    const params = (width + 1) * units;
    width = units;
    return { shape: [units], params };
  };
  const stack = project.model.layers.map((spec) =>
    spec.kind === "dense" ? dense(spec.units) : { shape: [width], params: 0 },
  );
  return [...stack, dense(classes)];
}
