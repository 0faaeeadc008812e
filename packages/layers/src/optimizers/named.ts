/** @file Optimizers by name for `compile`: only the one that is asked for is loaded. */
import { findName, type Identifier } from "../identifiers.ts";
import { Optimizer } from "./optimizer.ts";

const byName: Readonly<Record<string, () => Promise<Optimizer>>> = {
  sgd: async () => new (await import("./sgd.ts")).SGD(),
  rmsprop: async () => new (await import("./rmsprop.ts")).RMSprop(),
  adam: async () => new (await import("./adam.ts")).Adam(),
  adamw: async () => new (await import("./adam.ts")).AdamW(),
  adagrad: async () => new (await import("./adagrad.ts")).Adagrad(),
};

/** What to call for the optimizer of an identifier (rmsprop for none, as in Keras). An unknown name is refused at once. */
export function optimizerLoader(identifier: Identifier<Optimizer>): Optimizer | (() => Promise<Optimizer>) {
  if (identifier instanceof Optimizer) return identifier;
  const name = findName("compile", "optimizer", String(identifier ?? "rmsprop"), Object.keys(byName));
  return byName[name] as () => Promise<Optimizer>;
}
