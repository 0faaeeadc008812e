/** Orders of rows, inverses and segments on a device; two runs have equal bits. */
import { expect, test } from "vitest";
import { gpuDevice } from "./gpuDevice.ts";
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
import { runKernel } from "./runKernel.ts";

async function run({ kernel, words, data, workgroups }: TemplateCase): Promise<Words> {
  await runKernel(await gpuDevice(), kernel, data, words, workgroups);
  return data.at(-1) as Words;
}

test.each(orderCases)("$way of $rows x $length in blocks of $width ($dtype, $indices)", async (spec) => {
  const call = orderCase(spec);
  expect(await run(call)).toEqual(expectedOrder(spec, orderCase(spec).data[0]!));
});

test("inverse", async () => {
  const call = inverseCase(3, 127);
  const found = await run(call);
  call.data[0]!.forEach((place, i) => expect(found[i - (i % 127) + place]).toBe(i % 127));
});

test.each(segmentCases)("$operation of $segments segments of $count ($dtype)", async (spec) => {
  const call = segmentCase(spec);
  const found = await run(call);
  expect(segmentError(found, call.expected)).toBeLessThanOrEqual(spec.dtype === "int32" ? 0 : 1e-6);
  expect(await run(segmentCase(spec))).toEqual(found);
});
