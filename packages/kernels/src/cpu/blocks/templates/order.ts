/** @file Stable orders of rows in JavaScript, and the inverse of an order. */
import type { RunTemplate, TemplateArray, TemplateRun } from "../../../ir/kernel.ts";
import { indexKeys, mergeWays, type OrderDtype } from "../../../templates/codes.ts";

/** The word that orders a float: NaN last, both zeros equal. */
function floatImage(bits: number): number {
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return 0xffffffff;
  if (magnitude === 0) return 0x80000000;
  return bits >>> 31 ? ~bits : bits | 0x80000000;
}

function indexImage(value: number, extent: number, indices: number): number {
  if (indices === indexKeys.clamp)
    return Math.min(Math.max(value < 0 ? value + extent : value, 0), extent - 1) ^ 0x80000000;
  const isOut = indices === indexKeys.drop && (value < 0 || value >= extent);
  return (isOut ? extent : value) ^ 0x80000000;
}

/** The words whose unsigned order is that of the elements. */
function keysOf(x: TemplateArray, { constants, params }: TemplateRun): Uint32Array {
  const words = new Uint32Array(x.buffer, x.byteOffset, x.length);
  const [extent, indices] = [params[3] as number, Number(constants.INDICES)];
  const flip = constants.DESCENDING ? 0xffffffff : 0;
  if (x instanceof Float32Array) return words.map((bits) => floatImage(bits) ^ flip);
  if (x instanceof Uint32Array) return words.map((word) => word ^ flip);
  return words.map((word) => indexImage(word | 0, extent, indices) ^ flip);
}

/** Up to this many elements insertion beats counting digits. */
const shortBlock = 48;

/** Fills order[begin..end) with the places begin..end (of a row that starts at `row`) in stable order of their keys. */
function insertionOrder(
  keys: Uint32Array,
  row: number,
  begin: number,
  end: number,
  order: TemplateArray,
): void {
  for (let place = begin; place < end; place++) {
    const own = keys[row + place] as number;
    let to = row + place;
    for (; to > row + begin && (keys[row + (order[to - 1] as number)] as number) > own; to--)
      order[to] = order[to - 1] as number;
    order[to] = place;
  }
}

/** The same by four passes over digits of eight bits, least significant first; a digit that all keys share needs none. */
function radixOrder(keys: Uint32Array, row: number, begin: number, end: number, order: TemplateArray): void {
  let from = Int32Array.from({ length: end - begin }, (_, k) => begin + k);
  let to = new Int32Array(end - begin);
  for (let shift = 0; shift < 32; shift += 8) {
    const starts = new Int32Array(257);
    for (const place of from) starts[(((keys[row + place] as number) >>> shift) & 255) + 1]!++;
    if (starts.includes(from.length, 1)) continue;
    for (let digit = 1; digit < 256; digit++) starts[digit]! += starts[digit - 1] as number;
    for (const place of from) to[starts[((keys[row + place] as number) >>> shift) & 255]!++] = place;
    [from, to] = [to, from];
  }
  order.set(from, row + begin);
}

/** Orders blocks of `widths` times param(2). */
const runOrder =
  (widths: number): RunTemplate =>
  (run) => {
    const [x, order] = [run.inputs[0] as TemplateArray, run.outputs[0] as TemplateArray];
    const [rows, length, width] = run.params as unknown as [number, number, number];
    const keys = keysOf(x, run);
    for (let row = 0; row < rows * length; row += length)
      for (let begin = 0; begin < length; begin += width * widths) {
        const end = Math.min(begin + width * widths, length);
        const fill = end - begin <= shortBlock ? insertionOrder : radixOrder;
        fill(keys, row, begin, end, order);
      }
  };

const runInverse: RunTemplate = ({ inputs, outputs, params }) => {
  const [x, y] = [inputs[0] as TemplateArray, outputs[0] as TemplateArray];
  const [rows, length] = params as unknown as [number, number];
  for (let row = 0; row < rows * length; row += length)
    for (let k = 0; k < length; k++) y[row + (x[row + k] as number)] = k;
};

const runsOf = (dtype: OrderDtype): Readonly<Record<string, RunTemplate>> => ({
  [`orderRank_${dtype}`]: runOrder(1),
  [`orderBlocks_${dtype}`]: runOrder(1),
  [`orderMerge_${dtype}`]: runOrder(mergeWays),
});

export const orderRuns: Readonly<Record<string, RunTemplate>> = {
  orderInverse: runInverse,
  ...runsOf("float32"),
  ...runsOf("int32"),
  ...runsOf("uint32"),
};
