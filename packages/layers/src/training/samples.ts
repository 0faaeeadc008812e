/** @file Samples of a run, checked: equal lengths, finite numbers, labels in range, weights of classes and samples in one column. */
import { type HostData, handleFree, type InitResult, ops, type Tensor } from "@tenrec/tensor";
import type { Values } from "../layer.ts";
import type { Graph } from "../models/graph.ts";
import type { Model } from "../models/model.ts";
import { shapesOnly } from "../shapesOnly.ts";
import { computeDtype } from "../tensors.ts";
import { leavesOf, mapValues, type Nest, Spec } from "../values.ts";
import type { Compiled } from "./compiled.ts";
import { checkUnseen, countSamples, type Data, exceeds, hostDataOf, toColumns } from "./data.ts";
import type { Stream } from "./stream.ts";
import type { Samples } from "./trainer.ts";

/** Weight of each class by its number. */
export type ClassWeight = Readonly<Record<number, number>>;

/** All samples and their number. */
export interface Rows {
  readonly samples: Samples;
  readonly count: number;
  /** Where batches come from if the data do not fit into a binding; null: the data lie on the device. */
  readonly stream: Stream | null;
}

/** Checks shapes only: everything else waits until the losses are known. */
export function toRows(
  where: string,
  x: Data,
  y: Data | null,
  sampleWeight: Data | null,
  graph: Graph | null = null,
): Rows {
  const [inputNames, outputNames] = [graph?.inputNames, graph?.outputNames];
  const samples = {
    x: toColumns(where, "x", x, inputNames),
    y: y === null ? null : toColumns(where, "y", y, outputNames),
    weight: sampleWeight === null ? null : toColumns(where, "sampleWeight", sampleWeight, outputNames),
  };
  const count = countSamples(where, { x: samples.x, y: samples.y, sampleWeight: samples.weight });
  return { samples, count, stream: null };
}

const isBig = ({ samples: { x, y } }: Rows, device: InitResult): boolean => exceeds([x, y], device);

/** Throws at numbers on the device that are not finite. What is too large for the device comes from the host, where it was checked. */
export async function checkTensors(where: string, rows: Rows, device: InitResult): Promise<void> {
  if (!isBig(rows, device)) await checkUnseen(where, { x: rows.samples.x, y: rows.samples.y });
}

/** The rows with a stream, if they need one. */
export async function withStream(rows: Rows, device: InitResult): Promise<Rows> {
  if (!isBig(rows, device)) return rows;
  const { Stream } = await import("./stream.ts");
  return { ...rows, stream: await Stream.of(rows.samples) };
}

const likes = new WeakMap<Model, Map<string, Nest<Spec>>>();

/**
 * Makes a model's weights from the shape of the data, by applying it to zeros that are never computed.
 *
 * @returns the shapes of its outputs for one sample.
 * @throws ShapeError, with the layer's name, for data that do not fit.
 */
export function outputsLike(model: Model, x: Values): Nest<Spec> {
  const known = likes.get(model) ?? new Map<string, Nest<Spec>>();
  likes.set(model, known);
  const key = leavesOf(x)
    .map((column) => `${column.dtype}${column.shape.slice(1)}`)
    .join("|");
  const like = known.get(key) ?? specsOf(model, x);
  known.set(key, like);
  return like;
}

function specsOf(model: Model, x: Values): Nest<Spec> {
  // The shapes leave the handle-free scope, not the tensors: nobody must compute them.
  return handleFree(() => {
    const one = mapValues(x, ({ shape, dtype }) =>
      ops.zeros([1, ...shape.slice(1)], { dtype: computeDtype(dtype) }),
    );
    return mapValues(
      shapesOnly(() => model.apply<Values>(one, { training: false })),
      (y) => new Spec(y.shape),
    );
  });
}

/** Throws at the first label outside of 0 ... classes - 1. */
async function checkLabels(where: string, labels: HostData, classes: number): Promise<void> {
  const bad = labels.findIndex((label) => !(label >= 0 && label < classes));
  if (bad >= 0) throw (await import("./failures.ts")).badLabel(where, labels, bad, classes);
}

/** Checks labels and turns class weights into sample weights. */
export async function weighRows(
  where: string,
  rows: Rows,
  compiled: Compiled,
  yPred: Nest<Spec>,
  classWeight: ClassWeight | null,
): Promise<Rows> {
  const { y } = rows.samples;
  if (!y) return rows;
  const [targets, predictions] = [compiled.targets(y), leavesOf(yPred)];
  for (const { output, loss } of compiled.terms) {
    if (!loss.wantsLabels) continue;
    await checkLabels(
      where,
      await hostDataOf(targets[output] as Tensor),
      predictions[output]?.shape.at(-1) as number,
    );
  }
  if (!classWeight) return rows;
  const { weightsByClass } = await import("./classWeights.ts");
  const weight = await weightsByClass(where, targets, classWeight, rows);
  return { ...rows, samples: { ...rows.samples, weight } };
}
