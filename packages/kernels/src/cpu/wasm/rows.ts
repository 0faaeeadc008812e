/** @file Bodies over a range of rows of a matrix: computed operands and epilogues of matrix products. */
import type { Affine, Params } from "../affine.ts";
import type { BodySpec } from "../bodySpec.ts";
import { makeNest } from "../nest.ts";
import type { FunctionBuilder, Value } from "./assembler.ts";
import { BodyEmitter } from "./body.ts";
import type { Frame } from "./context.ts";
import { replaceAxes, splitAxes, splitForm, splitStores } from "./digits.ts";
import { int } from "./integers.ts";
import { chooseLoops, decodeRow, digitIndices } from "./loop.ts";

/** Which elements: rows `first` to `end` along `rowAxis` (none: a single row), all along `columnAxis`, of one batch. */
export interface RowRange {
  readonly extents: readonly number[];
  readonly batchAxis: number;
  readonly batch: Value;
  readonly rowAxis: number | null;
  readonly first: Value;
  readonly end: Value;
  readonly columnAxis: number;
}

/** Code and stores by the axes of the range, without stages. */
export interface RowBody extends Pick<BodySpec, "code" | "stores" | "bindings"> {
  readonly params: Params;
  readonly accumulator: {
    readonly range: NonNullable<BodySpec["accumulator"]>["range"];
    readonly form: Affine;
  } | null;
}

export function emitRows(f: FunctionBuilder, body: RowBody, range: RowRange, frame: Frame): void {
  const { batchAxis, rowAxis, columnAxis, batch, first, end } = range;
  const { accumulator, params, bindings } = body;
  const split = splitAxes(body.code, range.extents, params);
  const { extents } = split;
  const spec = {
    code: split.code,
    stages: [],
    stores: splitStores(body.stores, split),
    bindings,
    params,
    accumulator: accumulator && { ...accumulator, form: splitForm(accumulator.form, split) },
  };
  const columns = replaceAxes([columnAxis], split);
  const [lane = columns.at(-1)!] = chooseLoops(spec, extents, columns, []).block;
  const turns = columns.filter((axis) => axis !== lane);
  const rows = rowAxis === null ? [] : replaceAxes([rowAxis], split);
  const batches = replaceAxes([batchAxis], split);
  const nest = makeNest(extents, [...batches, ...rows, ...turns], [lane], [], false);
  const emitter = new BodyEmitter(f, spec, nest, frame);
  emitter.emitStart();
  const [row, turn] = [f.local("i32"), f.local("i32")];
  const digitsOf = (axis: number | null, index: Value) =>
    digitIndices(f, index, (axis !== null && split.digits.get(axis)) || []);
  const batchDigits = digitsOf(batchAxis, batch);
  f.loop(row, first, end, 1, () => {
    const rowDigits = digitsOf(rowAxis, row.get);
    f.loop(turn, int(0), int(turns.reduce((size, axis) => size * extents[axis]!, 1)), 1, () => {
      const outer = decodeRow(f, turn.get, { outer: turns, extents });
      emitter.emitRow(
        (axis) =>
          outer.get(axis) ??
          rowDigits.get(axis) ??
          batchDigits.get(axis) ??
          (axis === batchAxis ? batch : row.get),
      );
    });
  });
}
