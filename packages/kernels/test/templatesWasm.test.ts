/** Templates of the cpu backend as WebAssembly against their own JavaScript, on ragged shapes. */
import { describe, expect, test } from "vitest";
import type { TemplateKernel } from "../src/ir/kernel.ts";
import {
  type AttentionCase,
  attentionCases,
  attentionData,
  attentionKernel,
  attentionReference,
  attentionTitle,
} from "./attentionKernels.ts";
import { runOnCpu, type Words, words } from "./cpuReference.ts";
import { inverseCase, orderCase, orderCases, segmentCase, segmentCases } from "./orderKernels.ts";
import { cumulativeCases, cumulativeData, cumulativeKernel, cumulativeWords } from "./templateKernels.ts";

/** The kernel with a template that has no JavaScript. */
function withoutJavaScript(kernel: TemplateKernel): TemplateKernel {
  const cpu = () => {
    throw new Error(`${kernel.template.name} ran as JavaScript.`);
  };
  return { ...kernel, template: { ...kernel.template, cpu } };
}

/** What the bindings hold after WebAssembly, with and without products that join sums in one rounding, and after JavaScript. */
async function runBoth(kernel: TemplateKernel, params: Uint32Array, data: readonly Words[]) {
  const compiled = withoutJavaScript(kernel);
  return {
    expected: await runOnCpu(kernel, params, data, { webAssembly: false }),
    relaxed: await runOnCpu(compiled, params, data),
    strict: await runOnCpu(compiled, params, data, { webAssembly: "strict" }),
  };
}

/** The largest difference, relative to 1 or to the larger number. */
function difference(found: Words, expected: Words): number {
  return Array.from(expected, (value, i) => {
    const error = Object.is(found[i], value) ? 0 : Math.abs(found[i]! - value);
    return error / Math.max(1, Math.abs(value));
  }).reduce((a, b) => Math.max(a, b));
}

const base = { batch: 2, heads: 2, kvHeads: 2, depth: 12, valueDepth: 20 };
/** Blocks of eight that are full or hold one, more queries than keys and the other way round, heads that share keys. */
const moreCases: readonly AttentionCase[] = [
  { ...base, time: 9, source: 8, causal: true },
  { ...base, time: 8, source: 25, causal: true, kept: 0.6, factor: [2, 1, 8, 25] },
  { ...base, time: 17, source: 5, causal: true, heads: 6, mask: [1, 1, 17, 5] },
  {
    ...base,
    time: 13,
    source: 24,
    causal: false,
    heads: 4,
    bias: [1, 4, 13, 24],
    kept: 0.8,
    mask: [2, 1, 13, 24],
  },
];

describe.each(["forward", "gradient"] as const)("%s of attention", (kind) => {
  // JavaScript takes long for larger ones; those are held against float64 elsewhere.
  const short = attentionCases.filter(({ time, source, heads }) => time * source * heads < 4000);
  test.each([...short, ...moreCases].map((spec) => [attentionTitle(spec), spec] as const))(
    "%s",
    async (_, spec) => {
      const { kernel, launch } = attentionKernel(kind, spec);
      const { data, sizes, first } = attentionData(kind, spec, attentionReference(spec));
      const params = words(kernel, ...launch.params, ...sizes);
      const { expected, relaxed, strict } = await runBoth(kernel, params, data);
      for (const found of [relaxed, strict])
        for (let i = first; i < data.length; i++)
          expect(difference(found[i]!, expected[i]!)).toBeLessThan(1e-5);
    },
  );
});

test.each(orderCases)("$way of $rows x $length in blocks of $width ($dtype, $indices)", async (spec) => {
  const call = orderCase(spec);
  const { expected, strict } = await runBoth(call.kernel, words(call.kernel, ...call.words), call.data);
  expect(strict.at(-1)).toEqual(expected.at(-1));
});

test.each([
  [1, 1],
  [3, 127],
])("inverse of %i x %i", async (rows, length) => {
  const call = inverseCase(rows, length);
  const { expected, strict } = await runBoth(call.kernel, words(call.kernel, ...call.words), call.data);
  expect(strict.at(-1)).toEqual(expected.at(-1));
});

test.each(segmentCases)("$operation of $segments segments of $count x $columns ($dtype)", async (spec) => {
  const call = segmentCase(spec);
  const { expected, strict } = await runBoth(call.kernel, words(call.kernel, ...call.words), call.data);
  expect(strict.at(-1)).toEqual(expected.at(-1));
});

test.each(cumulativeCases)("running $operation of $rows x $length ($dtype)", async (spec) => {
  const kernel = cumulativeKernel(spec);
  const params = words(kernel, ...cumulativeWords(spec));
  const { expected, strict } = await runBoth(kernel, params, cumulativeData(spec));
  expect(strict.at(-1)).toEqual(expected.at(-1));
});
