/** @file Stable orders of rows: by counting, by bitonic exchange, by merging ordered blocks; and the inverse of an order. */
import type { Template, TemplateArray, TemplateRun } from "../ir/kernel.ts";
import { orderBlocks, orderInverse, orderMerge, orderRank } from "../shaders.ts";
import { indexKeys, mergeWays, type OrderDtype } from "./codes.ts";

/** The image of whole numbers: those that are indices of param(3) elements first become positions. */
const integerKey = `fn key(i: i32) -> u32 {
  var value = load_x(i);
  if (INDICES == 1) {
    value = clamp(select(value, value + param(3), value < 0), 0, param(3) - 1);
  } else if (INDICES == 2 && (value < 0 || value >= param(3))) {
    value = param(3);
  }
  let image = bitcast<u32>(value) ^ 0x80000000u;
  return select(image, ~image, DESCENDING);
}`;

/** Indices are int32, so uint32 has numbers only. */
const unsignedKey = `fn key(i: i32) -> u32 {
  let image = load_x(i);
  return select(image, ~image, DESCENDING);
}`;

function textFor(wgsl: string, dtype: OrderDtype): string {
  if (dtype === "float32") return wgsl;
  return wgsl
    .replace(/fn key\(i: i32\) -> u32 \{[^]*?\n\}/, dtype === "int32" ? integerKey : unsignedKey)
    .replace("fn load_x(i: i32) -> f32", `fn load_x(i: i32) -> ${dtype === "int32" ? "i32" : "u32"}`);
}

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
  (widths: number) =>
  (run: TemplateRun): void => {
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

const orderOutput = [{ name: "y", dtype: "int32", lanes: 1 }] as const;

function orderTemplate(name: string, wgsl: string, dtype: OrderDtype): Template {
  return {
    name: `${name}_${dtype}`,
    wgsl: textFor(wgsl, dtype),
    inputs: [{ name: "x", dtype, lanes: 1 }],
    outputs: orderOutput,
    cpu: runOrder(1),
  };
}

/**
 * Input x [rows, length], output y: positions (int32) that put each block of `width` elements of a row in stable order. Params: rows, length,
 * width, extent (of indices). Constants: DESCENDING (NaN, largest of all, then comes first), INDICES (see `indexKeys`, int32 only), THREADS, which is
 * the workgroup size. An invocation per element.
 */
export const orderRankTemplate = (dtype: OrderDtype): Template =>
  orderTemplate("orderRank", orderRank, dtype);

/** The same by a workgroup per block in workgroup memory: SIZE, a power of two, is at least `width` and at least twice THREADS. */
export const orderBlocksTemplate = (dtype: OrderDtype): Template =>
  orderTemplate("orderBlocks", orderBlocks, dtype);

/** The same from an `order` in which blocks of `width` are done: each WAYS (`mergeWays`) of them are merged. An invocation per element. */
export function orderMergeTemplate(dtype: OrderDtype): Template {
  const base = orderTemplate("orderMerge", orderMerge, dtype);
  const order = { name: "order", dtype: "int32", lanes: 1 } as const;
  return { ...base, inputs: [...base.inputs, order], cpu: runOrder(mergeWays) };
}

/** y[x[k]] = k along rows: params rows and length, constant THREADS, an invocation per element. */
export const orderInverseTemplate: Template = {
  name: "orderInverse",
  wgsl: orderInverse,
  inputs: [{ name: "x", dtype: "int32", lanes: 1 }],
  outputs: orderOutput,
  cpu: ({ inputs, outputs, params }) => {
    const [x, y] = [inputs[0] as TemplateArray, outputs[0] as TemplateArray];
    const [rows, length] = params as unknown as [number, number];
    for (let row = 0; row < rows * length; row += length)
      for (let k = 0; k < length; k++) y[row + (x[row + k] as number)] = k;
  },
};
