/** @file Comparing tensors with the numbers of the golden files. */
import { type Tensor, tensor } from "@tenrec/tensor";
import { expect } from "vitest";

/** A tensor of a golden file; numbers that are not finite are strings there. */
export interface Stored {
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
}

export interface Tolerance {
  readonly relative?: number;
  readonly absolute?: number;
}

export const stored = ({ shape, data }: Stored): Tensor => tensor({ data: Float32Array.from(data, Number), shape });

/** Throws where a number differs by more than absolute + relative |wanted| (1e-6 + 1e-5 |wanted|). Wanted NaNs are left out. */
export function expectNumbers(
  found: ArrayLike<number>,
  wanted: readonly (number | string)[],
  { relative = 1e-5, absolute = 1e-6 }: Tolerance = {},
): void {
  expect(found.length).toBe(wanted.length);
  const wrong = wanted.flatMap((value, i) => {
    const number = Number(value);
    if (Number.isNaN(number) || Object.is(found[i], number) || found[i] === number) return [];
    const isNear = Math.abs((found[i] as number) - number) <= absolute + relative * Math.abs(number);
    return isNear ? [] : [`[${i}] found ${found[i]}, wanted ${number}`];
  });
  expect(wrong).toEqual([]);
}

export async function expectTensor(found: Tensor, wanted: Stored, tolerance?: Tolerance): Promise<void> {
  expect(found.shape).toEqual(wanted.shape);
  expectNumbers(await found.data(), wanted.data, tolerance);
}
