/** @file Samples of a run, checked: equal lengths, finite numbers, labels in range, weights of classes and samples in one column. */
import { handleFree, type HostData, ops, readAll, type Tensor, tensor, ValueError } from "@tenrec/tensor";
import type { Values } from "../layer.ts";
import type { Model } from "../models/model.ts";
import { leavesOf, mapValues } from "../values.ts";
import type { Compiled } from "./compiled.ts";
import { countSamples, type Data, toColumns } from "./data.ts";
import type { Samples } from "./trainer.ts";

/** Weight of each class by its number. */
export type ClassWeight = Readonly<Record<number, number>>;

/** All samples and their number. */
export interface Rows {
  readonly samples: Samples;
  readonly count: number;
}

/** Checks shapes only: everything else waits until the losses are known. */
export function toRows(where: string, x: Data, y: Data | null, sampleWeight: Data | null): Rows {
  const samples = {
    x: toColumns(where, "x", x),
    y: y === null ? null : toColumns(where, "y", y),
    weight: sampleWeight === null ? null : toColumns(where, "sampleWeight", sampleWeight),
  };
  return { samples, count: countSamples(where, { x: samples.x, y: samples.y, sampleWeight: samples.weight }) };
}

/** Makes a model's weights from the shape of the data, without computing anything. Returns what its outputs look like. */
export function outputsLike(model: Model, x: Values): Values {
  return handleFree(() => {
    const one = mapValues(x, (column) => ops.zeros([1, ...column.shape.slice(1)], { dtype: column.dtype }));
    return model.apply<Values>(one, { training: false });
  });
}

// Tensors do not change, so each is looked at once.
const seen = new WeakSet<Tensor>();

/** Throws at numbers on the device that are not finite. */
export async function checkTensors(where: string, columns: Readonly<Record<string, Values | null>>): Promise<void> {
  const all = Object.entries(columns).flatMap(([name, values]) =>
    values ? leavesOf(values).map((column) => ({ name, column })) : [],
  );
  const unseen = all.filter(({ column }) => column.dtype === "float32" && !seen.has(column));
  if (unseen.length === 0) return;
  const flags = await readAll(handleFree(() => unseen.map(({ column }) => ops.all(ops.isfinite(column)))));
  const bad = flags.findIndex((flag) => flag[0] === 0);
  if (bad >= 0) {
    const { name, column } = unseen[bad] as (typeof unseen)[number];
    checkFiniteHost(where, name, await column.data(), column.shape);
  }
  for (const { column } of unseen) seen.add(column);
}
