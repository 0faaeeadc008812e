/** @file Threefry 2x32-20 (Salmon et al., SC 2011) on four counters at a time. */
import type { FunctionBuilder, Local, Value } from "./assembler.ts";
import { addWords, or, shiftLeft, shiftRightUnsigned, words, xor } from "./math/expression.ts";

const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const signature = { params: ["v128", "v128", "v128", "v128"], results: ["v128", "v128"] } as const;

/** Both words of the generator at keys and counters. */
function emitThreefry(f: FunctionBuilder): void {
  const [k0, k1, c0, c1] = f.params.map(({ get }) => get) as [Value, Value, Value, Value];
  const [k2, x, y] = [f.local("v128"), f.local("v128"), f.local("v128")] as [Local, Local, Local];
  f.set(k2, xor(k0, k1));
  f.set(k2, xor(k2.get, words(0x1bd11bda)));
  f.set(x, addWords(c0, k0));
  f.set(y, addWords(c1, k1));
  const keys = [k0, k1, k2.get];
  for (let group = 0; group < 5; group++) {
    for (let round = 0; round < 4; round++) {
      const bits = rotations[((group & 1) << 2) + round]!;
      f.set(x, addWords(x.get, y.get));
      f.set(y, or(shiftLeft(y.get, bits), shiftRightUnsigned(y.get, 32 - bits)));
      f.set(y, xor(y.get, x.get));
    }
    f.set(x, addWords(x.get, keys[(group + 1) % 3]!));
    f.set(y, addWords(y.get, keys[(group + 2) % 3]!));
    f.set(y, addWords(y.get, group + 1));
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
