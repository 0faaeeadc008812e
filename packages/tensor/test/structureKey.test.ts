/** @file Keys of cached programs: different structures give different words, whatever objects they are written from. */
import { expect, test } from "vitest";
import type { Attrs } from "../src/graph/node.ts";
import { shapeOf } from "../src/graph/shape.ts";
import { KeyWriter } from "../src/runtime/programCache.ts";

const key = new KeyWriter();

function words(attrs: Attrs): string {
  key.reset();
  key.attributes(attrs);
  return key.view().join();
}

const different: readonly Attrs[] = [
  {},
  { a: 0 },
  { a: -0 },
  { a: 1 },
  { b: 1 },
  { a: true },
  { a: "1" },
  { a: [1] },
  { a: [] },
  { a: [1, 1] },
  { a: [true] },
  { a: 1, b: 1 },
  { a: 0.5 },
  { a: Number.NaN },
  { a: Number.POSITIVE_INFINITY },
  { a: Number.NEGATIVE_INFINITY },
  { a: 2 ** 31 },
  { a: -(2 ** 31) },
  { a: 2 ** 32 + 1 },
];

test("attributes that differ in name, type, length or bits have words of their own", () => {
  expect(new Set(different.map(words)).size).toBe(different.length);
});

test("equal attributes have equal words, also where a list is a shape", () => {
  expect(words({ shape: shapeOf([2, 3]), value: 0.5 })).toBe(words({ shape: [2, 3], value: 0.5 }));
});

test("equal extents are one shape, and no others", () => {
  const lists = [[], [0], [1], [1, 1], [2, 3], [3, 2], [2, 3, 1], [23]];
  expect(new Set(lists.map((extents) => shapeOf(extents).id)).size).toBe(lists.length);
  for (const extents of lists) expect(shapeOf([...extents])).toBe(shapeOf(extents));
});
