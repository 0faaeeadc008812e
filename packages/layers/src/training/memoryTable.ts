/** @file The bytes of a model by layer, for the error that refuses it. */
import { formatBytes, MemoryError } from "@tenrec/tensor";
import type { Layer } from "../layer.ts";
import type { Model } from "../models/model.ts";
import type { Trainer } from "./trainer.ts";

/** Bytes of a layer, or of what is no layer's. */
interface Row {
  readonly name: string;
  weights: number;
  optimizer: number;
  activations: number;
}

/** Rows that are shown; the others are added up. */
const maxRows = 20;

/** An error of too little memory as one of the model. `where`: the method that was called. */
export function tell(where: string, model: Model, trainer: Trainer | null, cause: Error): MemoryError {
  const trains = where === "fit" || where === "trainOnBatch";
  const activations =
    activationsOf(cause) ?? (where !== "predict" && trainer ? lastActivations(trainer) : null);
  const optimizer = trainer?.compiled.optimizer;
  const numSlots = optimizer && (trains || optimizer.built) ? optimizer.slotNames.length : 0;
  const rows = rowsOf(model, numSlots, activations);
  const total = sum(rows);
  const line = (name: string) => new RegExp(`${name}: (.*)`).exec(cause.message)?.[1] ?? "";
  // What an allocation says; a plan that was refused says no more than this.
  const reason = /^alloc: (.*)/.exec(cause.message)?.[1];
  const what = `"${model.name}" needs more memory than the device allows${reason ? `: ${reason}` : "."}`;
  const error = new MemoryError(where, what, {
    received: `${formatBytes(totalOf(total))} for the model${activations ? "" : " without its activations"}; ${line("Received")}`,
    expected: line("Expected"),
    fix: `${fixFor(total, trains)}\n  Bytes by layer:\n${draw(rows, total, activations !== null)}`,
  });
  error.cause = cause;
  return error;
}

type Activations = ReadonlyMap<string, number>;

const activationsOf = (error: Error): Activations | null =>
  (error as { activations?: Activations }).activations ?? null;

/** Those of the largest compiled step, where the GPU ran out of memory without a word of who asked. */
function lastActivations({ trainRows, trainBatch, testRows, testBatch }: Trainer): Activations | null {
  const steps = [trainRows, trainBatch, testRows, testBatch].flatMap((step) => step.explain() ?? []);
  const largest = Math.max(...steps.map(({ plan }) => plan.slotBytes));
  return steps.find(({ plan }) => plan.slotBytes === largest)?.activations ?? null;
}

/** Layers as users see them: those of models inside a model count by themselves, before what is the inner model's own. */
function shownLayers(model: Model, prefix = ""): { readonly path: string; readonly layer: Layer }[] {
  return model.layers.flatMap((layer) => {
    const path = prefix + layer.name;
    const inside = "getLayer" in layer ? shownLayers(layer as Model, `${path}/`) : [];
    return [...inside, { path, layer }];
  });
}

/** What is no layer's. */
const rest = "(model, loss, metrics)";

/** In the order of the model; layers without memory of their own are left out. */
function rowsOf(model: Model, numSlots: number, activations: Activations | null): Row[] {
  const layers = shownLayers(model);
  const names = [...layers.map(({ path }) => path), rest];
  const rows = new Map(names.map((name) => [name, { name, weights: 0, optimizer: 0, activations: 0 }]));
  const counted = new Set<unknown>();
  const trained = new Set<unknown>(model.trainableVariables);
  for (const { path, layer } of [...layers, { path: rest, layer: model }]) {
    const row = rows.get(path) as Row;
    for (const weight of layer.weights.filter((weight) => !counted.has(weight))) {
      counted.add(weight);
      row.weights += 4 * weight.size;
      if (trained.has(weight)) row.optimizer += 4 * weight.size * numSlots;
    }
  }
  for (const [maker, bytes] of activations ?? []) {
    const inside = maker.slice(model.name.length + 1);
    const owner = layers.find(({ path }) => `${inside}/`.startsWith(`${path}/`));
    (rows.get(owner?.path ?? rest) as Row).activations += bytes;
  }
  return [...rows.values()].filter((row) => totalOf(row) > 0);
}

const totalOf = ({ weights, optimizer, activations }: Row): number => weights + optimizer + activations;

function sum(rows: readonly Row[], name = "total"): Row {
  const total = { name, weights: 0, optimizer: 0, activations: 0 };
  for (const { weights, optimizer, activations } of rows) {
    total.weights += weights;
    total.optimizer += optimizer;
    total.activations += activations;
  }
  return total;
}

/** Speaks of what most of the memory is for; where nothing is trained the weights are there anyhow. */
function fixFor({ weights, optimizer, activations }: Row, trains: boolean): string {
  if (!trains && activations > 0) return "use a smaller batchSize.";
  if (activations >= weights + optimizer)
    return "use a smaller batchSize, or wrap blocks of layers in remat(...): their values are then computed again where gradients need them.";
  const lighter = optimizer > weights ? ", or an optimizer with less state: sgd has none" : "";
  return `use layers with fewer units or filters${lighter}.`;
}

/** The largest layers, in the order of the model. */
function draw(rows: readonly Row[], total: Row, planned: boolean): string {
  const bySize = rows.toSorted((a, b) => totalOf(b) - totalOf(a));
  const shown = new Set(bySize.slice(0, maxRows));
  const others = rows.filter((row) => !shown.has(row));
  const more = others.length > 0 ? [sum(others, `${others.length} more`)] : [];
  const lines = [
    ["layer", "weights", "optimizer", "activations"],
    ...[...rows.filter((row) => shown.has(row)), ...more, total].map((row) => [
      row.name,
      ...[row.weights, row.optimizer, planned ? row.activations : null].map((bytes) =>
        bytes === null ? "not planned" : bytes.toLocaleString("en-US"),
      ),
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...lines.map((cells) => (cells[column] as string).length)),
  );
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number);
  return lines.map((cells) => `    ${cells.map(pad).join("  ")}`).join("\n");
}
