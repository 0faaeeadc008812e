/** @file float16 bindings: a copy through float32 with whole vectors and one element at a time, and the words in which they lie. */
import type { Binding, LoopKernel } from "../src/ir/kernel.ts";
import { Code, loopKernel } from "./cpuReference.ts";

/** Both halves of words, the lower first. */
export function packHalves(halves: Uint16Array): Uint32Array {
  const words = new Uint32Array(Math.ceil(halves.length / 2));
  new Uint16Array(words.buffer).set(halves);
  return words;
}

/** Stores x (a binding of `from`) into a binding of `to`, reversed where `reversed`: then elements go one by one. */
export function copyKernel(
  from: "float16" | "float32",
  to: "float16" | "float32",
  reversed: boolean,
): LoopKernel {
  const code = new Code();
  const i = code.axis(0);
  const last = code.param(1);
  const place = reversed ? code.op("sub", "int32", last, i) : i;
  const value = code.load(0, place, "float32", !reversed);
  code.stores.push({
    op: "set",
    binding: 1,
    index: i,
    value,
    level: "full",
    ...(reversed ? {} : { access: "vector" }),
  });
  const bound = (dtype: "float16" | "float32", access: Binding["access"]): Binding => ({
    dtype,
    access,
    vector: !reversed,
  });
  return loopKernel(code, {
    rows: 1,
    lanes: reversed ? 1 : 4,
    bindings: [bound(from, "read"), bound(to, "read_write")],
    numParams: 2,
  });
}

/** Float32 values of all 65,536 halves, by their definition. */
export function everyHalf(): Float32Array {
  return Float32Array.from({ length: 1 << 16 }, (_, word) => {
    const [exponent, mantissa] = [(word >>> 10) & 31, word & 1023];
    const size =
      exponent === 31
        ? mantissa === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : exponent === 0
          ? mantissa * 2 ** -24
          : (1024 + mantissa) * 2 ** (exponent - 25);
    return word & 0x8000 ? -size : size;
  });
}

/** Words that hold the same number: NaNs are as good as each other. */
export function sameHalf(a: number, b: number): boolean {
  const isNan = (word: number): boolean => (word & 0x7fff) > 0x7c00;
  return a === b || (isNan(a) && isNan(b));
}
