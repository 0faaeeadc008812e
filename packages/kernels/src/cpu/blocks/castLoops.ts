/** @file Conversions between dtypes by value. */
import type { Dtype } from "../../ir/kernel.ts";
import { kindOf, type Slot } from "../slot.ts";
import { type BlockFunction, type ConvertStep, copyBits, type Step } from "./step.ts";

const intToFloat: BlockFunction = (step: ConvertStep<Slot<Float32Array>, Slot<Int32Array>>, count) => {
  const out = step.out.data;
  const a = step.a.data;
  const o = step.out.at;
  const p = step.a.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]!;
};

const uintToFloat: BlockFunction = (step: ConvertStep<Slot<Float32Array>, Slot<Uint32Array>>, count) => {
  const out = step.out.data;
  const a = step.a.data;
  const o = step.out.at;
  const p = step.a.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]!;
};

const floatToInt: BlockFunction = (step: ConvertStep<Slot<Int32Array>, Slot<Float32Array>>, count) => {
  const out = step.out.data;
  const a = step.a.data;
  const o = step.out.at;
  const p = step.a.at;
  for (let i = 0; i < count; i++) out[o + i] = Math.min(Math.max(a[p + i]!, -0x80000000), 0x7fffffff);
};

const floatToUint: BlockFunction = (step: ConvertStep<Slot<Uint32Array>, Slot<Float32Array>>, count) => {
  const out = step.out.data;
  const a = step.a.data;
  const o = step.out.at;
  const p = step.a.at;
  for (let i = 0; i < count; i++) out[o + i] = Math.min(Math.max(a[p + i]!, 0), 0xffffffff);
};

const floatToBool: BlockFunction = (step: ConvertStep<Slot<Uint32Array>, Slot<Float32Array>>, count) => {
  const out = step.out.data;
  const a = step.a.data;
  const o = step.out.at;
  const p = step.a.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! !== 0 ? 1 : 0;
};

const wordToBool: BlockFunction = (step: Step, count) => {
  const out = step.out.bits;
  const a = step.a.bits;
  const o = step.out.at;
  const p = step.a.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! !== 0 ? 1 : 0;
};

/**
 * The loop that converts values of dtype `from` to `to`. Float to integer truncates in the store, and NaN, which Math.min and max keep,
 * becomes 0 there.
 */
export function castLoop(to: Dtype, from: Dtype): BlockFunction {
  const [target, source] = [kindOf(to), kindOf(from)];
  if (to === "bool" && from !== "bool") return source === "f" ? floatToBool : wordToBool;
  if (target === source) return copyBits;
  if (target === "f") return source === "i" ? intToFloat : uintToFloat;
  if (source !== "f") return copyBits;
  return target === "i" ? floatToInt : floatToUint;
}
