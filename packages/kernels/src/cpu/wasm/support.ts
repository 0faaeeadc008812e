/** @file What WebAssembly can do here, found out once: by a test with known answers, since an engine may have SIMD and get it wrong. */
import type { FunctionBuilder, Local, Value } from "./assembler.ts";
import { ModuleBuilder } from "./moduleBuilder.ts";

export interface WebAssemblySupport {
  /** SIMD works. */
  readonly simd: boolean;
  /** Products and sums in one rounding. */
  readonly relaxed: boolean;
  /** Why there is no SIMD, for people; empty where there is. */
  readonly reason: string;
}

let found: WebAssemblySupport | null = null;
let pretended: Partial<WebAssemblySupport> | null = null;

export function webAssemblySupport(): WebAssemblySupport {
  found ??= findSupport();
  return pretended ? { ...found, ...pretended } : found;
}

/** For tests: devices opened from now on find this in place of what there is, until null. */
export function pretendSupport(support: Partial<WebAssemblySupport> | null): void {
  pretended = support;
}

/** Looks anew, which compiles modules. */
export function findSupport(): WebAssemblySupport {
  const none = (reason: string): WebAssemblySupport => ({ simd: false, relaxed: false, reason });
  if (typeof WebAssembly === "undefined") return none("this browser has no WebAssembly");
  try {
    if (!WebAssembly.validate(testModule(false))) return none("WebAssembly has no SIMD here");
    if (!answersRight(false)) return none("WebAssembly computes wrong numbers with SIMD here");
  } catch (error) {
    const message = error instanceof Error ? error.message : error;
    return none(
      `WebAssembly may not be compiled here: policies of pages allow it by 'wasm-unsafe-eval' (${message})`,
    );
  }
  return { simd: true, relaxed: WebAssembly.validate(testModule(true)) && answersRight(true), reason: "" };
}

/** Inputs of the test: values with exact results, and rounding, signs and infinities among them. */
const x = [1.5, -2.25, 3e38, 0.1];
const y = [4, 0.5, 10, 0.2];

/** `test(address)`: reads x and y there, and writes what is computed of them behind. */
function testModule(relaxed: boolean): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder(relaxed);
  module.define({ params: ["i32"], results: [] }, "test", (f) => {
    const [address] = f.params as [Local];
    const load = (at: number): Value => {
      return () => {
        address.get(f);
        f.memory("v128.load", at);
      };
    };
    results(f, load(0), load(16)).forEach((push, i) => {
      address.get(f);
      push(f);
      f.memory("v128.store", 32 + i * 16);
    });
  });
  return module.finish(null);
}

function results(f: FunctionBuilder, a: Value, b: Value): Value[] {
  return [
    () => f.multiplyAdd(a, b, b),
    () => {
      a(f);
      b(f);
      f.shuffle([12, 13, 14, 15, 16, 17, 18, 19, 4, 5, 6, 7, 28, 29, 30, 31]);
    },
    () => {
      a(f);
      f.simd("f64x2.promote_low_f32x4");
      f.simd("f32x4.demote_f64x2_zero");
    },
    () => {
      a(f);
      f.simd("i32x4.trunc_sat_f32x4_s");
    },
    () => {
      a(f);
      b(f);
      f.simd("f32x4.pmin");
    },
  ];
}

/** The same in JavaScript; `fused`: products are not rounded before they are added. */
function expected(fused: boolean): Int32Array<ArrayBuffer> {
  const words = new Int32Array([1, -2, 0x7fffffff, 0]);
  const { fround } = Math;
  const [a, b] = [Float32Array.from(x), Float32Array.from(y)];
  const product = (value: number, i: number): number => (fused ? value * b[i]! : fround(value * b[i]!));
  const answers = Float32Array.from([
    ...Array.from(a, (value, i) => fround(product(value, i) + b[i]!)),
    ...[a[3]!, b[0]!, a[1]!, b[3]!],
    ...[a[0]!, a[1]!, 0, 0],
    ...new Float32Array(words.buffer),
    ...Array.from(a, (value, i) => Math.min(value, b[i]!)),
  ]);
  return new Int32Array(answers.buffer);
}

/** `relaxed` leaves the machine the choice between two answers. */
function answersRight(relaxed: boolean): boolean {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const module = new WebAssembly.Module(testModule(relaxed));
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  new Float32Array(memory.buffer).set([...x, ...y]);
  (instance.exports.test as (address: number) => void)(0);
  const [apart, fused] = [expected(false), expected(true)];
  const words = new Int32Array(memory.buffer, 32, apart.length);
  return words.every((word, i) => word === apart[i] || (relaxed && word === fused[i]));
}
