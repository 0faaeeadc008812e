/** @file predict: outputs for all samples, batch by batch. */
import {
  handleFree,
  init,
  type Jitted,
  jit,
  joinRows,
  ops,
  placeState,
  type Tensor,
  together,
  Variable,
} from "@tenrec/tensor";
import { constantData } from "../initializers/initializer.ts";
import type { Values } from "../layer.ts";
import type { Model } from "../models/model.ts";
import { takeRows } from "../tensors.ts";
import { leavesOf, mapValues } from "../values.ts";
import { countSamples, type Data, exceeds, releaseColumns, toColumns } from "./data.ts";
import { inOrder } from "./order.ts";
import { Pace } from "./pace.ts";
import { outputsLike } from "./samples.ts";

export interface PredictOptions {
  readonly batchSize?: number | null;
  readonly verbose?: "auto" | 0 | 1 | 2;
  readonly signal?: AbortSignal;
}

/** The compiled prediction of a model: one program per batch size. */
export class Predictor {
  private readonly model: Model;
  private readonly cursor: Variable;
  private readonly step: Jitted<[Values, number], Values>;
  /** The same for a batch that is all of x, or was sent from the host. */
  private readonly batchStep: Jitted<[Values], Values>;
  private isPlaced = false;

  constructor(model: Model) {
    this.model = model;
    this.cursor = new Variable(constantData([], 0, "int32"), {
      name: "cursor",
      dtype: "int32",
      trainable: false,
    });
    const infer = (x: Values): Values => this.model.apply<Values>(x, { training: false });
    this.batchStep = jit(infer, { name: `${model.name}.predictOnBatch` });
    this.step = jit((x, size) => this.outputs(x, size), { name: `${model.name}.predict` });
  }

  private outputs(x: Values, size: number): Values {
    const rows = ops.add(this.cursor, ops.arange(size));
    const batch = mapValues(x, (column) => takeRows(column, rows));
    this.cursor.assign(ops.add(this.cursor, size));
    return this.model.apply<Values>(batch, { training: false });
  }

  /** The first batch is the next. */
  private restart(): void {
    if (!this.isPlaced) placeState([this.cursor]);
    this.isPlaced = true;
    this.cursor.load(Int32Array.of(0));
  }

  async run(data: Data, { batchSize, signal }: PredictOptions): Promise<Values> {
    const x = toColumns("predict", "x", data, this.model.graph?.inputNames);
    const count = countSamples("predict", { x });
    const device = await init();
    const like = outputsLike(this.model, x);
    const size = batchSize ?? 32;
    if (count > size) this.restart();
    const stream = exceeds([x], device)
      ? await (await import("./stream.ts")).Stream.of({ x, y: null, weight: null })
      : null;
    const part = (row: number, rows: number): Values => {
      if (stream) return this.batchStep(stream.batch(inOrder(rows, row)).x);
      return rows === count ? this.batchStep(x) : this.step(x, rows);
    };
    const parts: Values[] = [];
    const pace = new Pace();
    const perExecution = size * this.model.stepsPerExecution;
    for (let first = 0; first < count && !signal?.aborted; first += perExecution) {
      together(() => {
        for (let row = first; row < Math.min(count, first + perExecution); row += size)
          parts.push(handleFree(() => part(row, Math.min(size, count - row))));
      });
      const room = pace.next();
      if (room) await room;
    }
    releaseColumns(x);
    return mapValues(like, (_, output) => joined(parts.map((part) => leavesOf(part)[output] as Tensor)));
  }
}

/** All rows; the parts are given back at once, since a loop of predictions may leave the garbage collector no turn. */
function joined(parts: readonly Tensor[]): Tensor {
  if (parts.length === 1) return parts[0] as Tensor;
  const all = joinRows(parts);
  for (const part of parts) part.dispose();
  return all;
}
