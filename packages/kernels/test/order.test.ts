/** Orders of rows, inverses and segments on the cpu backend. */
import { expect, test } from "vitest";
import { runOnCpu, words } from "./cpuReference.ts";
import {
  expectedOrder,
  inverseCase,
  orderCase,
  orderCases,
  segmentCase,
  segmentCases,
  segmentError,
  type TemplateCase,
  type Words,
} from "./orderKernels.ts";

const run = async ({ kernel, words: given, data }: TemplateCase): Promise<Words> =>
  (await runOnCpu(kernel, words(kernel, ...given), data)).at(-1) as Words;

test.each(orderCases)("$way of $rows x $length in blocks of $width ($dtype, $indices)", async (spec) => {
  const call = orderCase(spec);
  expect(await run(call)).toEqual(expectedOrder(spec, call.data[0]!));
});

test.each([
  [1, 1],
  [3, 127],
  [2, 1000],
])("inverse of %i x %i", async (rows, length) => {
  const call = inverseCase(rows, length);
  const found = await run(call);
  call.data[0]!.forEach((place, i) => expect(found[i - (i % length) + place]).toBe(i % length));
});

test.each(segmentCases)("$operation of $segments segments of $count ($dtype)", async (spec) => {
  const call = segmentCase(spec);
  expect(segmentError(await run(call), call.expected)).toBeLessThanOrEqual(spec.dtype === "int32" ? 0 : 1e-6);
});
