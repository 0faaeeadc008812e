/** Every hand-written kernel of the library has its form on each backend that launches it, and no table names another. */
import { describe, expect, test } from "vitest";
import { templateTexts, wgslOf } from "../src/codegen/templates/index.ts";
import { runOf, templateRuns } from "../src/cpu/blocks/templates/index.ts";
import { templateEmitters } from "../src/cpu/wasm/templates/index.ts";
import type { Template } from "../src/ir/kernel.ts";
import * as library from "../src/templates/library.ts";

const dtypes = ["float32", "int32", "uint32"] as const;

/** All templates of the exports that make them. */
const made: Readonly<Record<string, readonly Template[]>> = {
  attentionGradientTemplate: [false, true].map(library.attentionGradientTemplate),
  cumulativeTemplate: (["float32", "int32"] as const).map(library.cumulativeTemplate),
  orderRankTemplate: dtypes.map(library.orderRankTemplate),
  orderBlocksTemplate: dtypes.map(library.orderBlocksTemplate),
  orderMergeTemplate: dtypes.map(library.orderMergeTemplate),
  segmentTemplate: [
    library.segmentTemplate("float32"),
    library.segmentTemplate("int32"),
    library.segmentTemplate("float32", 4),
  ],
};

const templates = Object.entries(library)
  .filter(([name]) => name.endsWith("Template"))
  .flatMap(([name, value]): readonly Template[] => {
    if (typeof value !== "function") return [value];
    const all = made[name];
    if (!all) throw new Error(`List the templates that ${name} makes.`);
    return all;
  });
const names = templates.map(({ name }) => name);

/** Walks all pairs of a head in one kernel, which only a processor does. */
const processorOnly = /^attentionGradient/;
/** The cpu takes attentionGradient, and whole sequences of any width. */
const gpuOnly = /^attention(Queries|Keys|Bias)$|Step(Back)?$/;

test("names are unique", () => {
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

describe("forms", () => {
  test.each([
    ["WGSL", templateTexts, processorOnly],
    ["JavaScript", templateRuns, null],
    ["WebAssembly", templateEmitters, gpuOnly],
  ] as const)("%s", (_, table, without) => {
    const expected = names.filter((name) => !without?.test(name));
    expect(Object.keys(table).sort()).toEqual(expected.sort());
  });

  test("each WGSL holds an entry", () => {
    for (const [name, text] of Object.entries(templateTexts)) expect(text(), name).toContain("fn kernel(");
  });
});

test("a template without a form is refused", () => {
  const unknown = { name: "unknown", inputs: [], outputs: [] };
  expect(() => runOf(unknown)).toThrow(/^cpu: the template "unknown" has no JavaScript[^]*Fix: [^]*`cpu`/);
  expect(() => wgslOf(unknown)).toThrow(/^webgpu: the template "unknown" has no WGSL[^]*Fix: [^]*`wgsl`/);
  expect(() => wgslOf(library.attentionGradientTemplate(true))).toThrow(
    /"attentionGradientBiased" has no WGSL/,
  );
});

test("a template's own forms come before those of the library", () => {
  const own = { ...library.lstmForwardTemplate, wgsl: "fn kernel() {}", cpu: () => {} };
  expect(wgslOf(own)).toBe(own.wgsl);
  expect(runOf(own)).toBe(own.cpu);
});
