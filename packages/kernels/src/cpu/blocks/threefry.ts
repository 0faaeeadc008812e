/** @file Threefry 2x32-20 (Salmon et al., SC 2011), the counter-based generator of all random numbers. */
import type { BlockFunction, Step } from "./step.ts";

const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/** One loop for each word of the result; words are kept as int32, which has the same bits. */
function threefry(word: 0 | 1): BlockFunction {
  return (step: Step, count) => {
    const out = step.out.bits;
    const [key0, key1, counter0, counter1] = [step.a.bits, step.b.bits, step.c.bits, step.d.bits];
    const [p, q, r, s] = [step.a.at, step.b.at, step.c.at, step.d.at];
    const o = step.out.at;
    for (let i = 0; i < count; i++) {
      const k0 = key0[p + i]!;
      const k1 = key1[q + i]!;
      const k2 = k0 ^ k1 ^ 0x1bd11bda;
      let x = (counter0[r + i]! + k0) | 0;
      let y = (counter1[s + i]! + k1) | 0;
      for (let group = 0; group < 5; group++) {
        for (let round = 0; round < 4; round++) {
          const bits = rotations[((group & 1) << 2) + round]!;
          x = (x + y) | 0;
          y = ((y << bits) | (y >>> (32 - bits))) ^ x;
        }
        // Keys k1 k2, k2 k0, k0 k1, k1 k2, k2 k0 are added after groups 0 to 4.
        const turn = group % 3;
        x = (x + (turn === 0 ? k1 : turn === 1 ? k2 : k0)) | 0;
        y = (y + (turn === 0 ? k2 : turn === 1 ? k0 : k1) + group + 1) | 0;
      }
      out[o + i] = word === 0 ? x : y;
    }
  };
}

export const threefryLoops = { threefry0: threefry(0), threefry1: threefry(1) };
