/** From the stacks that the worker reads out of a network to rows of small pictures, and what they show in figures. */

import type { Tiles } from "../ui/tileLayout.ts";
import type { Stack } from "../worker/protocol.ts";

/** Every `distance`-th number from `start`. */
function everyNth(values: Float32Array, start: number, distance: number): Float32Array {
  const count = Math.ceil((values.length - start) / distance);
  return Float32Array.from({ length: count }, (_, index) => values[start + index * distance] as number);
}

/** [height, width, ..., last] as one picture for each of the numbers behind width. */
function pictures({ shape, values }: Stack, width: number, height: number): Float32Array[] {
  const count = shape.reduce((product, size) => product * size, 1) / (width * height);
  return Array.from({ length: count }, (_, index) => everyNth(values, index, count));
}

/** Weights [side, side, channels, filters]: a column a filter, a row an input channel. */
export function filterTiles(stack: Stack): Tiles {
  const [side = 1, , channels = 1, columns = 1] = stack.shape;
  const size = { width: side, height: side, pictures: pictures(stack, side, side), columns };
  return channels === 1 ? { ...size, side: 12, gap: 6 } : { ...size, side: 5, gap: 2 };
}

/** Maps [1, height, width, maps], larger squares for smaller maps. */
export function mapTiles(stack: Stack): Tiles {
  const [, height = 1, width = 1] = stack.shape;
  const side = Math.max(6, Math.floor(40 / width));
  return { width, height, pictures: pictures(stack, width, height), side, gap: 4 };
}

/** Least and largest number of a stack. */
export function range({ values }: Stack): readonly [least: number, most: number] {
  return [
    values.reduce((left, right) => Math.min(left, right), Infinity),
    values.reduce((left, right) => Math.max(left, right), -Infinity),
  ];
}

/** Pictures in which any number is not 0. */
export const activeCount = ({ pictures }: Tiles) =>
  pictures.filter((values) => values.some((value) => value !== 0)).length;
