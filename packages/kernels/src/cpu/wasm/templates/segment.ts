/** @file Sums and extremes of segments of reordered rows: four columns at a time, then the last ones. */
import type { Value } from "../assembler.ts";
import { add, addScaled, int, mul } from "../integers.ts";
import type { EmitTemplate, TemplateCall } from "../template.ts";
import { apply, loadWord, startOf, stepOf, storeWord } from "./combine.ts";
import { loadHalf, storeHalf } from "./panels.ts";

/** A segment: where the places of its rows begin and end, the rows' group, the row of the result. */
interface Segment {
  readonly begin: Value;
  readonly end: Value;
  readonly rows: Value;
  readonly to: Value;
}

export const emitSegments =
  (integer: boolean): EmitTemplate =>
  (call) => {
    const { f, params, constants } = call;
    const [x, order, offsets] = call.inputs as [Value, Value, Value];
    const [groups = 0, count = 0, segments = 0, vectors = 0] = params;
    const rowBytes = vectors * Number(constants.LANES) * 4;
    const [group, segment] = [f.local("i32"), f.local("i32")];
    f.loop(group, int(0), int(groups), 1, () => {
      const places = f.keep("i32", addScaled(order, group.get, count * 4)).get;
      const rows = f.keep("i32", addScaled(x, group.get, count * rowBytes)).get;
      f.loop(segment, int(0), int(segments), 1, () => {
        const first = f.keep("i32", add(mul(group.get, int(segments + 1)), segment.get)).get;
        const bound = (next: number): Value => {
          const index = f.keep("i32", (g) => {
            addScaled(offsets, first, 4)(g);
            g.memory("i32.load", next * 4);
          });
          return f.keep("i32", addScaled(places, index.get, 4)).get;
        };
        const to = add(call.outputs[0]!, mul(add(mul(group.get, int(segments)), segment.get), int(rowBytes)));
        const parts = { begin: bound(0), end: bound(1), rows, to: f.keep("i32", to).get };
        const whole = rowBytes - (rowBytes % 16);
        emitColumns(call, integer, parts, [0, whole], rowBytes);
        emitColumns(call, integer, parts, [whole, rowBytes], rowBytes);
      });
    });
  };

/** Columns from one byte of the rows to another: four at a time from 0 on, else one at a time. */
function emitColumns(
  { f, constants }: TemplateCall,
  integer: boolean,
  { begin, end, rows, to }: Segment,
  [from, until]: readonly [number, number],
  rowBytes: number,
): void {
  if (from === until) return;
  const operation = Number(constants.OPERATION);
  const isVector = from === 0 && until >= 16;
  const [column, place, total] = [f.local("i32"), f.local("i32"), f.local("v128")];
  f.loop(column, int(from), int(until), isVector ? 16 : 4, () => {
    f.set(total, startOf(operation, integer));
    const columns = f.keep("i32", add(rows, column.get)).get;
    f.loop(place, begin, end, 4, () => {
      const row: Value = (g) => {
        place.get(g);
        g.memory("i32.load");
      };
      const at = addScaled(columns, row, rowBytes);
      f.set(total, apply(stepOf(operation, integer), total.get, isVector ? loadHalf(at, 0) : loadWord(at)));
    });
    const target = add(to, column.get);
    if (isVector) storeHalf(f, target, 0, total.get);
    else storeWord(f, target, total.get);
  });
}
