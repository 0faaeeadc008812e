/** @file Optimizers by name. */
import { type Identifier, resolve } from "../identifiers.ts";
import { Adagrad } from "./adagrad.ts";
import { Adam, AdamW } from "./adam.ts";
import type { Optimizer } from "./optimizer.ts";
import { RMSprop } from "./rmsprop.ts";
import { SGD } from "./sgd.ts";

const byName: Readonly<Record<string, () => Optimizer>> = {
  sgd: () => new SGD(),
  rmsprop: () => new RMSprop(),
  adam: () => new Adam(),
  adamw: () => new AdamW(),
  adagrad: () => new Adagrad(),
};

/** The optimizer of a name (rmsprop for none, as in Keras); objects are returned as they are. */
export function getOptimizer(identifier: Identifier<Optimizer>): Optimizer {
  return resolve("compile", "optimizer", identifier ?? "rmsprop", byName) as Optimizer;
}
