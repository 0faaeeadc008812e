/** @file Loops of the scalar operations on int32, uint32 and bool. Most act on bits alone and serve all three; stores wrap. */
import { divide, modulo, power, rest } from "../integerMath.ts";
import type { BlockFunction, Step, UintStep } from "./step.ts";

const add: BlockFunction = (step: Step, count) => {
  const out = step.out.bits;
  const a = step.a.bits;
  const b = step.b.bits;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! + b[q + i]!;
};

const sub: BlockFunction = (step: Step, count) => {
  const out = step.out.bits;
  const a = step.a.bits;
  const b = step.b.bits;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! - b[q + i]!;
};

const mul: BlockFunction = (step: Step, count) => {
  const out = step.out.bits;
  const a = step.a.bits;
  const b = step.b.bits;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = Math.imul(a[p + i]!, b[q + i]!);
};

const and: BlockFunction = (step: Step, count) => {
  const out = step.out.bits;
  const a = step.a.bits;
  const b = step.b.bits;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! & b[q + i]!;
};

const or: BlockFunction = (step: Step, count) => {
  const out = step.out.bits;
  const a = step.a.bits;
  const b = step.b.bits;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! | b[q + i]!;
};

const xor: BlockFunction = (step: Step, count) => {
  const out = step.out.bits;
  const a = step.a.bits;
  const b = step.b.bits;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! ^ b[q + i]!;
};

const shl: BlockFunction = (step: Step, count) => {
  const out = step.out.bits;
  const a = step.a.bits;
  const b = step.b.bits;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! << b[q + i]!;
};

const shr: BlockFunction = (step: Step, count) => {
  const out = step.out.bits;
  const a = step.a.bits;
  const b = step.b.bits;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! >> b[q + i]!;
};

const max: BlockFunction = (step: Step, count) => {
  const out = step.out.bits;
  const a = step.a.bits;
  const b = step.b.bits;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = Math.max(a[p + i]!, b[q + i]!);
};

const min: BlockFunction = (step: Step, count) => {
  const out = step.out.bits;
  const a = step.a.bits;
  const b = step.b.bits;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = Math.min(a[p + i]!, b[q + i]!);
};

const eq: BlockFunction = (step: Step, count) => {
  const out = step.out.bits;
  const a = step.a.bits;
  const b = step.b.bits;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! === b[q + i]! ? 1 : 0;
};

const ne: BlockFunction = (step: Step, count) => {
  const out = step.out.bits;
  const a = step.a.bits;
  const b = step.b.bits;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! !== b[q + i]! ? 1 : 0;
};

const lt: BlockFunction = (step: Step, count) => {
  const out = step.out.bits;
  const a = step.a.bits;
  const b = step.b.bits;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! < b[q + i]! ? 1 : 0;
};

const le: BlockFunction = (step: Step, count) => {
  const out = step.out.bits;
  const a = step.a.bits;
  const b = step.b.bits;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! <= b[q + i]! ? 1 : 0;
};

/** Picks words of any dtype. */
export function select(step: Step, count: number): void {
  const out = step.out.bits;
  const a = step.a.bits;
  const b = step.b.bits;
  const c = step.c.bits;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  const r = step.c.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! !== 0 ? b[q + i]! : c[r + i]!;
}

/** For what is rare: one loop for all. */
function unary(scalar: (x: number) => number): BlockFunction {
  return (step: Step, count) => {
    for (let i = 0; i < count; i++) step.out.bits[step.out.at + i] = scalar(step.a.bits[step.a.at + i]!);
  };
}

function binary(scalar: (x: number, y: number) => number): BlockFunction {
  return (step: Step, count) => {
    const out = step.out.bits;
    const a = step.a.bits;
    const b = step.b.bits;
    const o = step.out.at;
    const p = step.a.at;
    const q = step.b.at;
    for (let i = 0; i < count; i++) out[o + i] = scalar(a[p + i]!, b[q + i]!);
  };
}

/** Where the upper bit is no sign. */
function unsigned(scalar: (x: number, y: number) => number): BlockFunction {
  return (step: UintStep, count) => {
    const out = step.out.bits;
    const a = step.a.data;
    const b = step.b.data;
    const o = step.out.at;
    const p = step.a.at;
    const q = step.b.at;
    for (let i = 0; i < count; i++) out[o + i] = scalar(a[p + i]!, b[q + i]!);
  };
}

const shared = { add, sub, mul, and, or, xor, shl, eq, ne, not: unary((x) => ~x), neg: unary((x) => -x) };

/** By name; `gt` and `ge` are `lt` and `le` with exchanged operands. Division by 0 gives the dividend, its remainder 0, as in WGSL. */
export const intLoops = {
  ...shared,
  shr,
  max,
  min,
  lt,
  le,
  idiv: binary(divide),
  irem: binary(rest),
  floorDiv: binary((x, y) => Math.floor(divide(x, y))),
  mod: binary(modulo),
  pow: binary(power),
  abs: unary(Math.abs),
  sign: unary(Math.sign),
};

export const uintLoops = {
  ...shared,
  shr: unsigned((x, y) => x >>> y),
  max: unsigned(Math.max),
  min: unsigned(Math.min),
  lt: unsigned((x, y) => (x < y ? 1 : 0)),
  le: unsigned((x, y) => (x <= y ? 1 : 0)),
  idiv: unsigned(divide),
  irem: unsigned(rest),
  floorDiv: unsigned(divide),
  mod: unsigned(rest),
  pow: unsigned(power),
  abs: unary((x) => x),
  sign: unary((x) => (x === 0 ? 0 : 1)),
};

export const boolLoops = {
  and,
  or,
  xor,
  max: or,
  min: and,
  add: or,
  mul: and,
  eq,
  ne,
  lt,
  le,
  not: unary((x) => x ^ 1),
};
