/** @file Stream: batches sent from the host, for data larger than a binding of the device may be. */
import { type Dtype, type HostData, placeState, type Tensor, Variable } from "@tenrec/tensor";
import { constantData } from "../initializers/initializer.ts";
import type { Values } from "../layer.ts";
import { leavesOf, mapValues } from "../values.ts";
import { hostDataOf } from "./data.ts";
import type { Samples } from "./trainer.ts";

interface HostColumn {
  readonly data: HostData;
  /** Shape of one sample. */
  readonly shape: readonly number[];
  readonly dtype: Dtype;
}

/** Data on the host and a place on the device for a batch of each size, written anew for every step. */
export class Stream {
  readonly #samples: Samples;
  readonly #columns: ReadonlyMap<Tensor, HostColumn>;
  readonly #places = new Map<number, ReadonlyMap<Tensor, Variable>>();

  private constructor(samples: Samples, columns: ReadonlyMap<Tensor, HostColumn>) {
    this.#samples = samples;
    this.#columns = columns;
  }

  static async of(samples: Samples): Promise<Stream> {
    const columns = new Map<Tensor, HostColumn>();
    for (const values of [samples.x, samples.y, samples.weight]) {
      for (const column of values ? leavesOf(values) : []) {
        const { shape, dtype } = column;
        columns.set(column, { data: await hostDataOf(column), shape: shape.slice(1), dtype });
      }
    }
    return new Stream(samples, columns);
  }

  /** The batch of these rows. Writes and steps share one queue, so a step that is under way keeps its data. */
  batch(rows: Int32Array): Samples {
    const places = this.#placesFor(rows.length);
    for (const [column, place] of places) place.load(gather(this.#columns.get(column) as HostColumn, rows));
    return this.like(rows.length);
  }

  /** The places of a batch, without data: what a step is compiled for. */
  like(size: number): Samples {
    const places = this.#placesFor(size);
    const placed = (values: Values): Values => mapValues(values, (column) => places.get(column) as Variable);
    const { x, y, weight } = this.#samples;
    return { x: placed(x), y: y && placed(y), weight: weight && placed(weight) };
  }

  #placesFor(size: number): ReadonlyMap<Tensor, Variable> {
    const known = this.#places.get(size);
    if (known) return known;
    const places = new Map<Tensor, Variable>();
    for (const [column, { shape, dtype }] of this.#columns) {
      places.set(
        column,
        new Variable(constantData([size, ...shape], 0, dtype), { name: "batch", dtype, trainable: false }),
      );
    }
    for (const place of places.values()) placeState([place]);
    this.#places.set(size, places);
    return places;
  }
}

/** The rows one after another. */
function gather({ data, shape }: HostColumn, rows: Int32Array): HostData {
  const width = shape.reduce((product, extent) => product * extent, 1);
  const batch = new (data.constructor as new (length: number) => HostData)(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    const start = (rows[i] as number) * width;
    batch.set(data.subarray(start, start + width), i * width);
  }
  return batch;
}
