/** @file Which values share a buffer: never two at one time, small long ones not where large ones need the place. */
import { describe, expect, test } from "vitest";
import { type Stay, shareSlots } from "../src/compile/slots.ts";
import { generator } from "./samplesInputs.ts";

const stay = (bytes: number, start: number, end: number): Stay => ({ bytes, start, end, values: [] });
const bytesOf = (stays: readonly Stay[]) => shareSlots(stays).slots.map(({ bytes }) => bytes);

describe("slots", () => {
  test("are shared by values of different times, not within one dispatch", () => {
    expect(bytesOf([stay(512, 1, 2), stay(512, 3, 4)])).toEqual([512]);
    expect(bytesOf([stay(512, 1, 2), stay(512, 2, 3)])).toEqual([512, 512]);
  });

  test("small values that stay leave the places of large ones free", () => {
    // As in a deep stack: a large value in each block, and a small one that is kept for the gradient.
    const stays = [1, 3, 5].flatMap((t) => [
      stay(4096, t, t + 1),
      stay(1024, t + 1, Number.POSITIVE_INFINITY),
    ]);
    expect(bytesOf(stays)).toEqual([4096, 1024, 1024, 1024]);
  });

  test("hold what lies in them, at any time one value, in the smallest that will do", () => {
    const next = generator(3);
    const stays = Array.from({ length: 200 }, () => {
      const start = Math.floor(next() * 100);
      return stay(256 * Math.ceil(next() * 16), start, start + Math.floor(next() * 12));
    });
    const { slots, slotOf } = shareSlots(stays);
    for (const [i, a] of stays.entries()) {
      expect(slots[slotOf.get(a) as number]?.bytes).toBeGreaterThanOrEqual(a.bytes);
      for (const b of stays.slice(0, i)) {
        const isTogether = a.start <= b.end && b.start <= a.end;
        if (isTogether) expect(slotOf.get(a)).not.toBe(slotOf.get(b));
      }
    }
    const live = (t: number) =>
      stays.reduce((sum, { bytes, start, end }) => sum + (start <= t && t <= end ? bytes : 0), 0);
    const peak = Math.max(...Array.from({ length: 112 }, (_, t) => live(t)));
    const total = slots.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(total).toBeLessThan(1.2 * peak);
  });
});
