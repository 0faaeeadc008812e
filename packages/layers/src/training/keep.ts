/** @file Keep: host copies of the weights as they were after the last completed epoch, should the device be lost. */
import { type HostData, random, readAll, type Variable } from "@tenrec/tensor";
import type { Trainer } from "./trainer.ts";

export class Keep {
  readonly #trainer: Trainer;
  readonly #backend: "webgpu" | "cpu";
  readonly #variables: readonly Variable[];
  #values: readonly HostData[] = [];

  constructor(trainer: Trainer, backend: "webgpu" | "cpu") {
    this.#trainer = trainer;
    this.#backend = backend;
    this.#variables = [...trainer.model.weights, ...seedsOf(trainer).map(({ state }) => state)];
  }

  /** Reads the values; what is queued later does not change them. The cpu is not lost. */
  async save(): Promise<void> {
    if (this.#backend === "webgpu") this.#values = await readAll(this.#variables);
  }

  /** The error to throw. If it is the device's, a new one is opened and gets the kept weights first. */
  async afterError(error: unknown, epoch: number): Promise<unknown> {
    const isOfDevice = error instanceof Error && /^(Device|Memory)Error$/.test(error.name);
    if (!isOfDevice || this.#values.length === 0) return error;
    const { recover } = await import("./recover.ts");
    return recover(error, epoch, this.#trainer, this.#backend, this.#variables, this.#values);
  }
}

/** Generators in fields of layers, whose state lies on the device. */
function seedsOf({ model }: Trainer): random.SeedGenerator[] {
  const fields = model.flattenLayers().flatMap((layer) => Object.values(layer) as unknown[]);
  return fields.filter((value) => value instanceof random.SeedGenerator);
}
