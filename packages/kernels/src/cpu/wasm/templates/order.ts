/** @file Stable orders of blocks of rows: by the digits of their keys, least significant first; of short blocks by insertion. */

import { mergeWays, type OrderDtype } from "../../../templates/codes.ts";
import type { FunctionBuilder, Local, Value } from "../assembler.ts";
import { add, addScaled, binary, int, min, mul, sub } from "../integers.ts";
import type { EmitTemplate } from "../template.ts";
import { emitKeys } from "./orderKeys.ts";

const and = binary("i32.and");
const shiftRight = binary("i32.shr_u");
const isAbove = binary("i32.gt_u");
const isBelow = binary("i32.lt_s");
const isUnequal = binary("i32.ne");

/** Up to this many elements insertion beats counting digits. */
const shortBlock = 48;
const digits = 256;

const load = (address: Value): Value => {
  return (f) => {
    address(f);
    f.memory("i32.load");
  };
};

const at = (array: Value, index: Value): Value => load(addScaled(array, index, 4));

function store(f: FunctionBuilder, array: Value, index: Value, value: Value): void {
  addScaled(array, index, 4)(f);
  value(f);
  f.memory("i32.store");
}

/** A block: keys and results of its row, and which places of the row it has. */
interface Block {
  readonly keys: Value;
  readonly order: Value;
  readonly begin: Value;
  readonly end: Value;
}

/** Orders blocks of `widths` times param(2). */
const emitOrder =
  (dtype: OrderDtype, widths: number): EmitTemplate =>
  (call) => {
    const { f, params } = call;
    const [rows = 0, length = 0, width = 0] = params;
    const keys = emitKeys(call, dtype);
    const most = Math.min(width * widths, length);
    const areas = [most, most, digits].map((words) => call.scratch(words));
    const [row, begin] = [f.local("i32"), f.local("i32")];
    f.loop(row, int(0), int(rows), 1, () => {
      const ofRow = (array: Value): Value => f.keep("i32", addScaled(array, row.get, length * 4)).get;
      const [own, order] = [ofRow(keys), ofRow(call.outputs[0]!)];
      f.loop(begin, int(0), int(length), most, () => {
        const end = f.keep("i32", min(add(begin.get, int(most)), int(length))).get;
        const block = { keys: own, order, begin: begin.get, end };
        f.if(
          isAbove(sub(end, begin.get), int(shortBlock)),
          () => orderByDigits(f, block, areas as [Value, Value, Value]),
          () => orderByInsertion(f, block),
        );
      });
    });
  };

function orderByInsertion(f: FunctionBuilder, { keys, order, begin, end }: Block): void {
  const [place, to] = [f.local("i32"), f.local("i32")];
  f.loop(place, begin, end, 1, () => {
    const own = f.keep("i32", at(keys, place.get)).get;
    f.set(to, place.get);
    const before = at(order, sub(to.get, int(1)));
    const isLater: Value = () =>
      f.if(
        isBelow(begin, to.get),
        () => isAbove(at(keys, before), own)(f),
        () => f.i32(0),
        "i32",
      );
    repeatWhile(f, isLater, () => {
      store(f, order, to.get, before);
      f.set(to, sub(to.get, int(1)));
    });
    store(f, order, to.get, place.get);
  });
}

/** `condition` is 0 or 1. */
function repeatWhile(f: FunctionBuilder, condition: Value, body: () => void): void {
  f.loop(f.local("i32"), int(0), condition, 0, body);
}

/** A digit that all keys share moves nothing. */
function orderByDigits(
  f: FunctionBuilder,
  block: Block,
  [a, b, counts]: readonly [Value, Value, Value],
): void {
  const { keys, order, begin, end } = block;
  const [from, to] = [f.keep("i32", a), f.keep("i32", b)];
  const count = f.keep("i32", sub(end, begin)).get;
  const [shift, k] = [f.local("i32"), f.local("i32")];
  f.loop(k, int(0), count, 1, () => store(f, from.get, k.get, add(begin, k.get)));
  const digitOf = (place: Value): Value => and(shiftRight(at(keys, place), shift.get), int(digits - 1));
  f.loop(shift, int(0), int(32), 8, () => {
    f.loop(k, int(0), int(digits), 1, () => store(f, counts, k.get, int(0)));
    f.loop(k, begin, end, 1, () => increment(f, counts, digitOf(k.get)));
    f.if(isUnequal(at(counts, digitOf(begin)), count), () => {
      spread(f, counts);
      f.loop(k, int(0), count, 1, () => {
        const place = f.keep("i32", at(from.get, k.get)).get;
        store(f, to.get, increment(f, counts, digitOf(place)), place);
      });
      swap(f, from, to);
    });
  });
  f.loop(k, int(0), count, 1, () => store(f, order, add(begin, k.get), at(from.get, k.get)));
}

/** Adds 1; returns what was there. */
function increment(f: FunctionBuilder, counts: Value, index: Value): Value {
  const address = f.keep("i32", addScaled(counts, index, 4)).get;
  const before = f.keep("i32", load(address)).get;
  store(f, address, int(0), add(before, int(1)));
  return before;
}

/** Counts become the places where digits begin. */
function spread(f: FunctionBuilder, counts: Value): void {
  const [digit, total] = [f.local("i32"), f.keep("i32", int(0))];
  f.loop(digit, int(0), int(digits), 1, () => {
    const count = f.keep("i32", at(counts, digit.get)).get;
    store(f, counts, digit.get, total.get);
    f.set(total, add(total.get, count));
  });
}

function swap(f: FunctionBuilder, a: Local, b: Local): void {
  const kept = f.keep("i32", a.get).get;
  f.set(a, b.get);
  f.set(b, kept);
}

/** y[x[k]] = k along rows. */
const emitInverse: EmitTemplate = ({ f, inputs, outputs, params }) => {
  const [rows = 0, length = 0] = params;
  const [row, k] = [f.local("i32"), f.local("i32")];
  f.loop(row, int(0), int(rows), 1, () => {
    const ofRow = (array: Value): Value => f.keep("i32", add(array, mul(row.get, int(length * 4)))).get;
    const [x, y] = [ofRow(inputs[0]!), ofRow(outputs[0]!)];
    f.loop(k, int(0), int(length), 1, () => store(f, y, at(x, k.get), k.get));
  });
};

const dtypes: readonly OrderDtype[] = ["float32", "int32", "uint32"];

export const orderEmitters: Readonly<Record<string, EmitTemplate>> = {
  orderInverse: emitInverse,
  ...Object.fromEntries(
    dtypes.flatMap((dtype) => [
      [`orderRank_${dtype}`, emitOrder(dtype, 1)],
      [`orderBlocks_${dtype}`, emitOrder(dtype, 1)],
      [`orderMerge_${dtype}`, emitOrder(dtype, mergeWays)],
    ]),
  ),
};
