/** @file float16 as the cpu device stores it: 16-bit words in memory, float32 in registers. */
import { roundedBits, scratchWord, toWord } from "../halfMath.ts";
import type { Slot } from "../slot.ts";
import { place } from "./address.ts";
import type { BlockFunction, FloatStep, Step } from "./step.ts";

function wordOf(x: number, bits: number, scratch: Float32Array, words: Int32Array): number {
  words[0] = roundedBits(x, bits, scratch, words);
  return toWord(words[0], scratch[0]!);
}

/** The float32 bits of every float16, made at the first use (256 KB). */
let table: Int32Array | undefined;

function bitsOfWords(): Int32Array {
  if (table) return table;
  table = new Int32Array(0x10000);
  const value = new Float32Array(1);
  const bits = new Int32Array(value.buffer);
  for (let word = 0; word < 0x10000; word++) {
    const exponent = (word >>> 10) & 31;
    const mantissa = word & 0x3ff;
    if (exponent === 31) value[0] = mantissa === 0 ? Infinity : Number.NaN;
    else value[0] = exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25);
    table[word] = bits[0]! | ((word & 0x8000) << 16);
  }
  return table;
}

/** Rounds registers to what float16 holds. */
export const half: BlockFunction = (step: FloatStep, count) => {
  const { scratch, words } = scratchWord();
  const out = step.out.bits;
  const a = step.a.data;
  const bits = step.a.bits;
  const o = step.out.at;
  const p = step.a.at;
  for (let i = 0; i < count; i++) out[o + i] = roundedBits(a[p + i]!, bits[p + i]!, scratch, words);
};

type Words = Slot<Uint16Array>;
type LoadStep = Step & { readonly a: Words };
type StoreStep = Step & { readonly out: Words; readonly a: Slot<Float32Array> };

function clamp(index: number, length: number): number {
  return index < 0 ? 0 : index < length ? index : length - 1;
}

export const loadHalves: BlockFunction = (step: LoadStep, count) => {
  const known = bitsOfWords();
  const address = step.address!;
  const stride = address.strides[0]!;
  const out = step.out.bits;
  const a = step.a.data;
  const at = place(address);
  const end = at + stride * (count - 1);
  if (Math.min(at, end) < 0 || Math.max(at, end) >= a.length) {
    for (let i = 0; i < count; i++) out[i] = known[a[clamp(at + i * stride, a.length)]!]!;
  } else for (let i = 0, p = at; i < count; i++, p += stride) out[i] = known[a[p]!]!;
};

export const gatherHalves: BlockFunction = (step: LoadStep, count) => {
  const known = bitsOfWords();
  const out = step.out.bits;
  const a = step.a.data;
  const index = step.b.bits;
  const q = step.b.at;
  const first = step.address!.constant;
  for (let i = 0; i < count; i++) out[i] = known[a[clamp(index[q + i]! + first, a.length)]!]!;
};

export const storeHalves: BlockFunction = (step: StoreStep, count) => {
  const { scratch, words } = scratchWord();
  const address = step.address!;
  const stride = address.strides[0]!;
  const out = step.out.data;
  const a = step.a.data;
  const bits = step.a.bits;
  const p = step.a.at;
  let at = place(address);
  for (let i = 0; i < count; i++, at += stride) out[at] = wordOf(a[p + i]!, bits[p + i]!, scratch, words);
};

export const scatterHalves: BlockFunction = (step: StoreStep, count) => {
  const { scratch, words } = scratchWord();
  const out = step.out.data;
  const a = step.a.data;
  const bits = step.a.bits;
  const p = step.a.at;
  const index = step.b.bits;
  const q = step.b.at;
  const first = step.address!.constant;
  for (let i = 0; i < count; i++) {
    const at = index[q + i]! + first;
    if (at >= 0 && at < out.length) out[at] = wordOf(a[p + i]!, bits[p + i]!, scratch, words);
  }
};
