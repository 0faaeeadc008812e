/** @file Threefry 2x32-20 (Salmon et al., SC 2011) on four counters at a time. */
import type { FunctionBuilder, Local, Value } from "./assembler.ts";

const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const signature = { params: ["v128", "v128", "v128", "v128"], results: ["v128", "v128"] } as const;

function assign(
  f: FunctionBuilder,
  to: Local,
  name: "i32x4.add" | "v128.xor" | "v128.or",
  ...args: Value[]
): void {
  f.set(to, () => {
    for (const arg of args) arg(f);
    f.simd(name);
  });
}

function shifted(x: Local, name: "i32x4.shl" | "i32x4.shr_u", bits: number): Value {
  return (f) => {
    x.get(f);
    f.i32(bits);
    f.simd(name);
  };
}

const word = (value: number): Value => {
  return (f) => f.v128([value, value, value, value], true);
};

/** Both words of the generator at keys and counters. */
function emitThreefry(f: FunctionBuilder): void {
  const [k0, k1, c0, c1] = f.params as [Local, Local, Local, Local];
  const [k2, x, y] = [f.local("v128"), f.local("v128"), f.local("v128")];
  assign(f, k2, "v128.xor", k0.get, k1.get);
  assign(f, k2, "v128.xor", k2.get, word(0x1bd11bda));
  assign(f, x, "i32x4.add", c0.get, k0.get);
  assign(f, y, "i32x4.add", c1.get, k1.get);
  const keys = [k0, k1, k2];
  for (let group = 0; group < 5; group++) {
    for (let round = 0; round < 4; round++) {
      const bits = rotations[((group & 1) << 2) + round]!;
      assign(f, x, "i32x4.add", x.get, y.get);
      assign(f, y, "v128.or", shifted(y, "i32x4.shl", bits), shifted(y, "i32x4.shr_u", 32 - bits));
      assign(f, y, "v128.xor", y.get, x.get);
    }
    assign(f, x, "i32x4.add", x.get, keys[(group + 1) % 3]!.get);
    assign(f, y, "i32x4.add", y.get, keys[(group + 2) % 3]!.get);
    assign(f, y, "i32x4.add", y.get, word(group + 1));
  }
  x.get(f);
  y.get(f);
}

/** One word; a kernel that wants both calls twice. */
export function threefryWord(index: 0 | 1): (f: FunctionBuilder, ...args: Value[]) => void {
  return (f, ...args) => {
    const helper = f.module.helper("threefry", signature, emitThreefry);
    for (const arg of args) arg(f);
    f.call(helper);
    if (index === 0) f.plain("drop");
    else {
      const kept = f.local("v128");
      f.set(kept, () => {});
      f.plain("drop");
      kept.get(f);
    }
  };
}
