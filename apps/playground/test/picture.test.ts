/** Geometry of the pictures: contour lines and drawn digits; and both catalogues of texts. */
import { expect, test } from "vitest";
import { en } from "../src/i18n/en.ts";
import { ko } from "../src/i18n/ko.ts";
import { activeCount, filterTiles, mapTiles, range } from "../src/panels/insideTiles.ts";
import { contour } from "../src/ui/contour.ts";
import { toPixels } from "../src/ui/digit.ts";
import { layOut } from "../src/ui/tileLayout.ts";

const sum = (pixels: Float32Array) => pixels.reduce((total, value) => total + value, 0);

test("the contour of a slope is the straight line between", () => {
  const size = 4;
  const field = Float32Array.from({ length: size * size }, (_, index) => index % size);
  const segments = contour(field, size, 1.5);
  expect(segments).toHaveLength(size - 1);
  for (const [x1, , x2] of segments) expect([x1, x2]).toEqual([1.5, 1.5]);
});

test("a level field has no contour", () => {
  expect(contour(new Float32Array(16).fill(0.3), 4, 0.5)).toEqual([]);
});

test("a drawn digit is centred and scaled, wherever and however large it was drawn", () => {
  const bar = (x: number, from: number, to: number) =>
    toPixels([
      [
        { x, y: from },
        { x, y: to },
      ],
    ]) as Float32Array;
  const small = bar(0.2, 0.1, 0.4);
  const large = bar(0.7, 0.05, 0.95);
  expect(small).toEqual(large);
  const columns = Array.from({ length: 8 }, (_, column) =>
    sum(small.filter((_, index) => index % 8 === column)),
  );
  expect(columns.slice(3, 5).every((ink) => ink > 4)).toBe(true);
  expect(sum(small)).toBeCloseTo(
    columns.slice(3, 5).reduce((total, ink) => total + ink, 0) + columns[2]! + columns[5]!,
  );
});

test("a dot stays a dot, and nothing is nothing", () => {
  expect(sum(toPixels([[{ x: 0.5, y: 0.5 }]]) as Float32Array)).toBeLessThan(2);
  expect(toPixels([])).toBeNull();
});

test("a stack of filters becomes a column a filter and a row an input channel", () => {
  // [2, 2, 2, 3]: the value at (y, x, channel, filter) is its place.
  const stack = { shape: [2, 2, 2, 3], values: Float32Array.from({ length: 24 }, (_, index) => index) };
  const { columns, pictures } = filterTiles(stack);
  expect(columns).toBe(3);
  expect(pictures.map((values) => [...values])).toEqual(
    [0, 1, 2, 3, 4, 5].map((first) => [first, first + 6, first + 12, first + 18]),
  );
  expect(range(stack)).toEqual([0, 23]);
});

test("maps are told apart, dead ones are counted", () => {
  const tiles = mapTiles({ shape: [1, 1, 2, 3], values: Float32Array.of(0, 1, 2, 0, 3, 4) });
  expect(tiles.pictures.map((values) => [...values])).toEqual([
    [0, 0],
    [1, 3],
    [2, 4],
  ]);
  expect(activeCount(tiles)).toBe(2);
});

test("tiles shrink into their room and wrap only where they may", () => {
  const tiles = { width: 3, height: 3, pictures: Array<Float32Array>(16), side: 5, gap: 2 };
  expect(layOut({ ...tiles, columns: 16 }, 120, 1)).toEqual({ columns: 16, rows: 1, cell: 1, gap: 2 });
  expect(layOut(tiles, 120, 1)).toEqual({ columns: 6, rows: 3, cell: 5, gap: 2 });
  expect(layOut(tiles, 1000, 2)).toEqual({ columns: 16, rows: 1, cell: 10, gap: 4 });
});

test("both languages fill in the same values", () => {
  const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
  for (const key of Object.keys(en) as (keyof typeof en)[])
    expect([key, places(ko[key])]).toEqual([key, places(en[key])]);
});
