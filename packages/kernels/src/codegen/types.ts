/** @file WGSL types and literals of IR values. */
import type { Dtype } from "../ir/kernel.ts";

export type Scalar = "f32" | "i32" | "u32" | "bool";
export type Lanes = 1 | 4;

const scalars: Record<Dtype, Scalar> = {
  float32: "f32",
  float16: "f32",
  int32: "i32",
  uint32: "u32",
  bool: "bool",
  uint8: "u32",
  int8: "i32",
};

/** The WGSL type in which values of a dtype are computed. */
export function scalarOf(dtype: Dtype): Scalar {
  return scalars[dtype];
}

/** The element type of a dtype's storage array: bool and packed bytes lie in u32 words. */
export function storageOf(dtype: Dtype): Exclude<Scalar, "bool"> {
  const packed = dtype === "bool" || dtype === "uint8" || dtype === "int8";
  return packed ? "u32" : (scalars[dtype] as Exclude<Scalar, "bool">);
}

export function isPacked(dtype: Dtype): boolean {
  return dtype === "uint8" || dtype === "int8";
}

export function typeName(scalar: Scalar, lanes: Lanes): string {
  return lanes === 4 ? `vec4<${scalar}>` : scalar;
}

const largest = 3.4028234663852886e38;
const smallestNormal = 1.1754943508222875e-38;

/** The shortest decimal that reads back to the same float32 and is not beyond the largest, which WGSL rejects. */
function floatDigits(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === value && Math.abs(text) <= largest) return String(text);
  }
  return String(value);
}

function floatBits(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0]!;
}

/** Infinities, NaN, -0 and subnormals come from their bits through a call: WGSL rejects them as constants or may lose them. */
function floatLiteral(value: number): string {
  const exact = Math.fround(value);
  const normal = Number.isFinite(exact) && Math.abs(exact) >= smallestNormal;
  if (normal || Object.is(exact, 0)) return `${floatDigits(exact)}f`;
  return `bits_f32(0x${floatBits(exact).toString(16)}u)`;
}

/** A scalar literal. */
export function literal(scalar: Scalar, value: number): string {
  if (scalar === "f32") return floatLiteral(value);
  if (scalar === "bool") return value === 0 ? "false" : "true";
  if (scalar === "u32") return `${value >>> 0}u`;
  return (value | 0) === -2147483648 ? "i32(-2147483648)" : `${value | 0}i`;
}

/** `text` of type `from`, reinterpreted as `to`: bool is compared with 0 or becomes a word of 0 or 1, others keep their bits. */
export function convertBits(text: string, from: Scalar, to: Scalar, lanes: Lanes): string {
  if (from === to) return text;
  if (to === "bool") return `(${text} != ${typeName(from, lanes)}())`;
  if (from === "bool") return convertBits(`${typeName("u32", lanes)}(${text})`, "u32", to, lanes);
  return `bitcast<${typeName(to, lanes)}>(${text})`;
}
