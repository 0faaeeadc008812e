/** @file Loops of the scalar operations on float32: computed in float64, rounded once by the store; tests give 0 or 1. */
import { erf, erfinv, floorDiv, mod, pow, roundEven, sign, softplus } from "../floatMath.ts";
import { half } from "./half.ts";
import type { BlockFunction, FloatStep } from "./step.ts";

const exp: BlockFunction = (step: FloatStep, count) => {
  const out = step.out.data;
  const a = step.a.data;
  const o = step.out.at;
  const p = step.a.at;
  for (let i = 0; i < count; i++) out[o + i] = Math.exp(a[p + i]!);
};

const log: BlockFunction = (step: FloatStep, count) => {
  const out = step.out.data;
  const a = step.a.data;
  const o = step.out.at;
  const p = step.a.at;
  for (let i = 0; i < count; i++) out[o + i] = Math.log(a[p + i]!);
};

const sqrt: BlockFunction = (step: FloatStep, count) => {
  const out = step.out.data;
  const a = step.a.data;
  const o = step.out.at;
  const p = step.a.at;
  for (let i = 0; i < count; i++) out[o + i] = Math.sqrt(a[p + i]!);
};

const tanh: BlockFunction = (step: FloatStep, count) => {
  const out = step.out.data;
  const a = step.a.data;
  const o = step.out.at;
  const p = step.a.at;
  for (let i = 0; i < count; i++) out[o + i] = Math.tanh(a[p + i]!);
};

const sigmoid: BlockFunction = (step: FloatStep, count) => {
  const out = step.out.data;
  const a = step.a.data;
  const o = step.out.at;
  const p = step.a.at;
  for (let i = 0; i < count; i++) out[o + i] = 1 / (1 + Math.exp(-a[p + i]!));
};

const neg: BlockFunction = (step: FloatStep, count) => {
  const out = step.out.data;
  const a = step.a.data;
  const o = step.out.at;
  const p = step.a.at;
  for (let i = 0; i < count; i++) out[o + i] = -a[p + i]!;
};

const abs: BlockFunction = (step: FloatStep, count) => {
  const out = step.out.data;
  const a = step.a.data;
  const o = step.out.at;
  const p = step.a.at;
  for (let i = 0; i < count; i++) out[o + i] = Math.abs(a[p + i]!);
};

const add: BlockFunction = (step: FloatStep, count) => {
  const out = step.out.data;
  const a = step.a.data;
  const b = step.b.data;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! + b[q + i]!;
};

const sub: BlockFunction = (step: FloatStep, count) => {
  const out = step.out.data;
  const a = step.a.data;
  const b = step.b.data;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! - b[q + i]!;
};

const mul: BlockFunction = (step: FloatStep, count) => {
  const out = step.out.data;
  const a = step.a.data;
  const b = step.b.data;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! * b[q + i]!;
};

const div: BlockFunction = (step: FloatStep, count) => {
  const out = step.out.data;
  const a = step.a.data;
  const b = step.b.data;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! / b[q + i]!;
};

const max: BlockFunction = (step: FloatStep, count) => {
  const out = step.out.data;
  const a = step.a.data;
  const b = step.b.data;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = Math.max(a[p + i]!, b[q + i]!);
};

const min: BlockFunction = (step: FloatStep, count) => {
  const out = step.out.data;
  const a = step.a.data;
  const b = step.b.data;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = Math.min(a[p + i]!, b[q + i]!);
};

const eq: BlockFunction = (step: FloatStep, count) => {
  const out = step.out.bits;
  const a = step.a.data;
  const b = step.b.data;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! === b[q + i]! ? 1 : 0;
};

const ne: BlockFunction = (step: FloatStep, count) => {
  const out = step.out.bits;
  const a = step.a.data;
  const b = step.b.data;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! !== b[q + i]! ? 1 : 0;
};

const lt: BlockFunction = (step: FloatStep, count) => {
  const out = step.out.bits;
  const a = step.a.data;
  const b = step.b.data;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! < b[q + i]! ? 1 : 0;
};

const le: BlockFunction = (step: FloatStep, count) => {
  const out = step.out.bits;
  const a = step.a.data;
  const b = step.b.data;
  const o = step.out.at;
  const p = step.a.at;
  const q = step.b.at;
  for (let i = 0; i < count; i++) out[o + i] = a[p + i]! <= b[q + i]! ? 1 : 0;
};

/** For operations that are rare, or cost more than the call of a function value (about 10 ns): one loop for all of them. */
function unary(scalar: (x: number) => number): BlockFunction {
  return (step: FloatStep, count) => {
    const out = step.out.data;
    const a = step.a.data;
    const o = step.out.at;
    const p = step.a.at;
    for (let i = 0; i < count; i++) out[o + i] = scalar(a[p + i]!);
  };
}

function binary(scalar: (x: number, y: number) => number): BlockFunction {
  return (step: FloatStep, count) => {
    const out = step.out.data;
    const a = step.a.data;
    const b = step.b.data;
    const o = step.out.at;
    const p = step.a.at;
    const q = step.b.at;
    for (let i = 0; i < count; i++) out[o + i] = scalar(a[p + i]!, b[q + i]!);
  };
}

function floatTest(test: (x: number) => boolean): BlockFunction {
  return (step: FloatStep, count) => {
    const out = step.out.bits;
    const a = step.a.data;
    const o = step.out.at;
    const p = step.a.at;
    for (let i = 0; i < count; i++) out[o + i] = test(a[p + i]!) ? 1 : 0;
  };
}

/** By name; `gt` and `ge` are `lt` and `le` with exchanged operands. */
export const floatLoops = {
  exp,
  expm1: unary(Math.expm1),
  log,
  log1p: unary(Math.log1p),
  sqrt,
  rsqrt: unary((x) => 1 / Math.sqrt(x)),
  reciprocal: unary((x) => 1 / x),
  sin: unary(Math.sin),
  cos: unary(Math.cos),
  tan: unary(Math.tan),
  asin: unary(Math.asin),
  acos: unary(Math.acos),
  atan: unary(Math.atan),
  sinh: unary(Math.sinh),
  cosh: unary(Math.cosh),
  tanh,
  asinh: unary(Math.asinh),
  acosh: unary(Math.acosh),
  atanh: unary(Math.atanh),
  sigmoid,
  softplus: unary(softplus),
  erf: unary(erf),
  erfinv: unary(erfinv),
  floor: unary(Math.floor),
  ceil: unary(Math.ceil),
  trunc: unary(Math.trunc),
  round: unary(roundEven),
  half,
  neg,
  abs,
  sign: unary(sign),
  add,
  sub,
  mul,
  div,
  max,
  min,
  floorDiv: binary(floorDiv),
  mod: binary(mod),
  pow: binary(pow),
  atan2: binary(Math.atan2),
  eq,
  ne,
  lt,
  le,
  isNan: floatTest(Number.isNaN),
  isInf: floatTest((x) => Math.abs(x) === Infinity),
  isFinite: floatTest(Number.isFinite),
};
