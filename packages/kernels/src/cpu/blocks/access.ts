/** @file Loads and stores of blocks: at one stride, or through a register of indices. Words are moved as bits. */

import type { Numbers } from "../slot.ts";
import { nextRun, place, seek } from "./address.ts";
import type { Step } from "./step.ts";

/** Moves the memory operand `out` to the block. */
export function move(step: Step): void {
  step.out.at = place(step.address!);
}

/** The nearest index inside `data`: WebGPU, too, keeps accesses within the buffer. */
function clamp(index: number, data: Numbers): number {
  return index < 0 ? 0 : index < data.length ? index : data.length - 1;
}

export function loadStrided(step: Step, count: number): void {
  const address = step.address!;
  const stride = address.strides[0]!;
  const out = step.out.bits;
  const a = step.a.bits;
  const at = place(address);
  const end = at + stride * (count - 1);
  if (at < 0 || end < 0 || at >= a.length || end >= a.length) {
    for (let i = 0; i < count; i++) out[i] = a[clamp(at + i * stride, a)]!;
  } else if (stride === 1) {
    for (let i = 0; i < count; i++) out[i] = a[at + i]!;
  } else {
    for (let i = 0, p = at; i < count; i++, p += stride) out[i] = a[p]!;
  }
}

/** Packed bytes, widened to words. */
export function loadBytes(step: Step, count: number): void {
  const address = step.address!;
  const stride = address.strides[0]!;
  const out = step.out.bits;
  const a = step.a.data;
  const at = place(address);
  for (let i = 0; i < count; i++) out[i] = a[clamp(at + i * stride, a)]!;
}

/** Indices of a walk over several block axes. */
export function walkIndices(step: Step, count: number): void {
  const address = step.address!;
  const { position, strides, extents, digits } = address;
  const out = step.out.bits;
  const last = strides.length - 1;
  const stride = strides[last]!;
  let at = place(address) + seek(address, position[position.length - 2]!);
  for (let i = 0; i < count; ) {
    const end = Math.min(count, i + extents[last]! - digits[last]!);
    for (let p = at; i < end; i++, p += stride) out[i] = p;
    at += nextRun(address);
  }
}

/** Loads at index register `b`, counted from element `address.constant`. */
export function gather(step: Step, count: number): void {
  const out = step.out.bits;
  const a = step.a.bits;
  const index = step.b.bits;
  const q = step.b.at;
  const first = step.address!.constant;
  for (let i = 0; i < count; i++) out[i] = a[clamp(index[q + i]! + first, a)]!;
}

export function gatherBytes(step: Step, count: number): void {
  const out = step.out.bits;
  const a = step.a.data;
  const index = step.b.bits;
  const q = step.b.at;
  const first = step.address!.constant;
  for (let i = 0; i < count; i++) out[i] = a[clamp(index[q + i]! + first, a)]!;
}

export function storeStrided(step: Step, count: number): void {
  const address = step.address!;
  const stride = address.strides[0]!;
  const out = step.out.bits;
  const a = step.a.bits;
  const p = step.a.at;
  let at = place(address);
  for (let i = 0; i < count; i++, at += stride) out[at] = a[p + i]!;
}

export function orStrided(step: Step, count: number): void {
  const address = step.address!;
  const stride = address.strides[0]!;
  const out = step.out.bits;
  const a = step.a.bits;
  const p = step.a.at;
  let at = place(address);
  for (let i = 0; i < count; i++, at += stride) out[at] = out[at]! | a[p + i]!;
}

/** Stores at index register `b`; indices outside the buffer write nothing. */
export function scatter(step: Step, count: number): void {
  const out = step.out.bits;
  const a = step.a.bits;
  const p = step.a.at;
  const index = step.b.bits;
  const q = step.b.at;
  const first = step.address!.constant;
  for (let i = 0; i < count; i++) {
    const at = index[q + i]! + first;
    if (at >= 0 && at < out.length) out[at] = a[p + i]!;
  }
}

export function orScatter(step: Step, count: number): void {
  const out = step.out.bits;
  const a = step.a.bits;
  const p = step.a.at;
  const index = step.b.bits;
  const q = step.b.at;
  const first = step.address!.constant;
  for (let i = 0; i < count; i++) {
    const at = index[q + i]! + first;
    if (at >= 0 && at < out.length) out[at] = out[at]! | a[p + i]!;
  }
}

/** Index of block axis: address strides are [1] on that axis alone. */
export function axisValues(step: Step, count: number): void {
  const { position, strides, extents } = step.address!;
  const out = step.out.bits;
  const below = strides[0]!;
  const extent = extents[0]!;
  const start = position[position.length - 2]!;
  let value = Math.floor(start / below);
  let rest = start - value * below;
  value %= extent;
  for (let i = 0; i < count; i++) {
    out[i] = value;
    if (++rest < below) continue;
    rest = 0;
    if (++value === extent) value = 0;
  }
}

/** Index of an axis that is not in the block. */
export function axisValue(step: Step): void {
  step.out.bits[0] = place(step.address!);
}
