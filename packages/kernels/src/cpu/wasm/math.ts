/** @file JavaScript's functions as imports, called lane by lane: for what is rare, and beyond the bounds of the vector forms. */

import { erfinv, mod } from "../floatMath.ts";
import { divide, modulo, power, rest } from "../integerMath.ts";
import type { FunctionBuilder, Value } from "./assembler.ts";
import type { Lanes, Lowering, Register } from "./scalar.ts";

/** What modules import: functions of float64 numbers. */
export const mathImports: Readonly<Record<string, (x: number, y: number) => number>> = {
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  mod,
  erfinv,
  iidiv: (x, y) => divide(x, y) | 0,
  iirem: rest,
  ifloorDiv: (x, y) => Math.floor(divide(x, y)) | 0,
  imod: modulo,
  ipow: power,
  uidiv: (x, y) => divide(x, y) | 0,
  uirem: (x, y) => rest(x, y) | 0,
  ufloorDiv: (x, y) => divide(x, y) | 0,
  umod: (x, y) => rest(x, y) | 0,
  upow: power,
};

/** Pushes a vector whose lanes `push` computes, each as a number; those that do not count are those of `x`. */
export function laneByLane(
  f: FunctionBuilder,
  lanes: Lanes,
  shape: "f32x4" | "i32x4",
  x: Value,
  push: (lane: number) => void,
): void {
  if (lanes === "same") {
    push(0);
    f.simd(`${shape}.splat`);
    return;
  }
  x(f);
  for (let lane = 0; lane < lanes; lane++) {
    push(lane);
    f.lane(`${shape}.replace_lane`, lane);
  }
}

/** An import, called lane by lane; integers go by way of float64, which holds them all. */
export function lanewise(name: string, count: number, lanes: Lanes, register: Register): Lowering {
  const isFloat = register === "f";
  return (f, ...args) => {
    const index = f.module.importIndex(name, count);
    laneByLane(f, lanes, isFloat ? "f32x4" : "i32x4", args[0]!, (lane) => {
      for (const operand of args.slice(0, count)) pushLane(f, operand, lane, register);
      f.call(index);
      if (isFloat) f.plain("f32.demote_f64");
      else f.truncate(true);
    });
  };
}

/** A lane as a float64. */
function pushLane(f: FunctionBuilder, value: Value, lane: number, register: Register): void {
  value(f);
  f.lane(register === "f" ? "f32x4.extract_lane" : "i32x4.extract_lane", lane);
  f.plain(
    register === "f" ? "f64.promote_f32" : register === "i" ? "f64.convert_i32_s" : "f64.convert_i32_u",
  );
}
