/** @file float16 bindings: a copy through float32 with whole vectors and one element at a time, and the words in which they lie. */
import type { Binding, Kernel, LoopKernel } from "../src/ir/kernel.ts";
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

/** The word of the float16 nearest to `x`, ties to even, by its definition in float64. */
export function halfWord(x: number): number {
  const size = Math.abs(x);
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  if (Number.isNaN(x)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const steps = size / 2 ** (exponent - 10);
  const below = Math.floor(steps);
  const isUp = steps - below > 0.5 || (steps - below === 0.5 && below % 2 === 1);
  return sign | (((exponent + 14) << 10) + below + Number(isUp));
}

/** Numbers as float16 has them, in words. */
export function asHalves(values: ArrayLike<number>): Uint32Array {
  return packHalves(Uint16Array.from({ length: values.length }, (_, i) => halfWord(values[i]!)));
}

const values = everyHalf();

/** The numbers of `count` halves in words. */
export function asFloats(words: Uint32Array, count: number): Float32Array {
  return Float32Array.from(new Uint16Array(words.buffer, 0, count), (half) => values[half]!);
}

/** The kernel with float16 where it has float32: everywhere, or in what it reads alone. */
export function halved<K extends Kernel>(kernel: K, which: "all" | "inputs"): K {
  const isHalf = ({ dtype, access }: Binding): boolean =>
    dtype === "float32" && (which === "all" || access === "read");
  const bindings = kernel.bindings.map((one) => (isHalf(one) ? { ...one, dtype: "float16" as const } : one));
  return { ...kernel, bindings };
}

/** Words that hold the same number: NaNs are as good as each other. */
export function sameHalf(a: number, b: number): boolean {
  const isNan = (word: number): boolean => (word & 0x7fff) > 0x7c00;
  return a === b || (isNan(a) && isNan(b));
}

/** The first few places where two columns differ; NaNs are as good as each other. */
export function differences(found: ArrayLike<number>, wanted: ArrayLike<number>): number[] {
  const places: number[] = [];
  for (let i = 0; i < wanted.length && places.length < 5; i++)
    if (!Object.is(found[i], wanted[i])) places.push(i);
  return places;
}
