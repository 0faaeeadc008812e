/** Feeds the dependency rules a violating snippet each, and a lawful one beside it. */
import { describe, expect, test } from "vitest";
import { moduleFacts } from "../boundaries/moduleFacts.mjs";
import { violations } from "../boundaries/rules.mjs";

const entries = new Map([
  ["@tenrec/kernels", "packages/kernels/src/index.ts"],
  ["@tenrec/kernels/testing", "packages/kernels/src/testing/index.ts"],
  ["@tenrec/tensor", "packages/tensor/src/index.ts"],
  ["@tenrec/layers", "packages/layers/src/index.ts"],
  ["tenrec", "packages/tenrec/src/index.ts"],
]);

function check(files: Record<string, string>): string[] {
  const modules = Object.entries(files).map(([path, text]) => moduleFacts(path, text));
  return violations({ modules, entries });
}

const unlawful: [string, string, string, string][] = [
  [
    "an import upwards",
    "packages/kernels/src/a.ts",
    `import { x } from "@tenrec/tensor";`,
    "may import no package",
  ],
  ["a skipped level", "packages/layers/src/a.ts", `import { x } from "@tenrec/kernels";`, "@tenrec/tensor."],
  [
    "an upward type",
    "packages/tensor/src/a.ts",
    `import type { X } from "@tenrec/layers";`,
    "@tenrec/kernels.",
  ],
  [
    "an app past tenrec",
    "apps/playground/src/a.ts",
    `import { x } from "@tenrec/layers";`,
    "may import tenrec",
  ],
  ["a deep import", "packages/layers/src/a.ts", `export * from "@tenrec/tensor/src/ops.ts";`, `no "exports"`],
  [
    "a lazy deep import",
    "packages/layers/src/a.ts",
    `await import("@tenrec/tensor/src/ops.ts");`,
    `no "exports"`,
  ],
  [
    "a way around names",
    "packages/layers/src/a.ts",
    `import "../../tensor/src/index.ts";`,
    "outside packages/layers",
  ],
  ["a foreign package", "packages/tensor/src/a.ts", `import long from "long";`, "no runtime dependency"],
  [
    "Node in a package",
    "packages/layers/src/a.ts",
    `import { readFile } from "node:fs";`,
    "no runtime dependency",
  ],
  ["navigator.gpu", "packages/tensor/src/a.ts", `const g = navigator.gpu;`, "uses navigator.gpu"],
  ["globalThis", "packages/layers/src/a.ts", `const g = globalThis.navigator?.gpu;`, "uses navigator.gpu"],
  [
    "a usage flag",
    "packages/kernels/src/cpu/a.ts",
    `const u = GPUBufferUsage.STORAGE;`,
    "uses GPUBufferUsage",
  ],
  [
    "a GPU class",
    "packages/kernels/src/ir/a.ts",
    `const is = (d: object) => d instanceof GPUDevice;`,
    "GPUDevice",
  ],
  ["WGSL elsewhere", "packages/tensor/src/a.ts", "const code = `@compute fn main() {}`;", "@compute"],
  ["eval", "packages/kernels/src/cpu/a.ts", `const f = eval("1");`, "uses eval"],
  [
    "new Function",
    "packages/kernels/src/cpu/a.ts",
    `const f = new Function("return 1");`,
    "uses new Function",
  ],
  [
    "graph to ops",
    "packages/tensor/src/graph/a.ts",
    `import { x } from "../ops/x.ts";`,
    "graph imports graph",
  ],
  [
    "graph to kernels",
    "packages/tensor/src/graph/a.ts",
    `import { Plan } from "@tenrec/kernels";`,
    "graph imports",
  ],
  ["a self import", "packages/tensor/src/a.ts", `export { x } from "./a.ts";`, "circular import"],
];

const lawful: [string, string, string][] = [
  ["an import downwards", "packages/layers/src/a.ts", `import { x } from "@tenrec/tensor";`],
  ["counters in tests", "packages/layers/test/a.ts", `import { counters } from "@tenrec/kernels/testing";`],
  ["GPU globals at home", "packages/kernels/src/device/a.ts", `const g = navigator.gpu; GPUMapMode.READ;`],
  ["GPU types", "packages/tensor/src/a.ts", `export interface A extends GPUBuffer { device: GPUDevice }`],
  ["WGSL in codegen", "packages/kernels/src/codegen/a.ts", "export const head = `@compute`;"],
  [
    "kernel types in graph",
    "packages/tensor/src/graph/a.ts",
    `import type { Dtype } from "@tenrec/kernels";`,
  ],
  ["another gpu", "apps/playground/src/a.ts", `const badge = state.gpu;`],
];

describe("dependency rules", () => {
  test.each(unlawful)("refuse %s", (_, path, text, message) => {
    expect(check({ [path]: text }).join("\n")).toContain(message);
  });

  test.each(lawful)("allow %s", (_, path, text) => {
    expect(check({ [path]: text })).toEqual([]);
  });

  test("follow a name of kernels through re-exports into its program folder", () => {
    const kernels = {
      "packages/kernels/src/index.ts": `export * from "./all.ts"; export { plan } from "./ir/plan.ts";`,
      "packages/kernels/src/all.ts": `export { Program as Runner } from "./program/program.ts";`,
      "packages/kernels/src/program/program.ts": `export class Program {}`,
      "packages/kernels/src/ir/plan.ts": `export const plan = 1;`,
    };
    const importing = (name: string) =>
      check({ ...kernels, "packages/tensor/src/compile/a.ts": `import { ${name} } from "@tenrec/kernels";` });
    expect(importing("plan")).toEqual([]);
    expect(importing("Runner").join()).toContain("imports Runner of kernels' device or program");
  });

  test("see a cycle of values, and none where a type closes it", () => {
    const cycle = (back: string) =>
      check({
        "packages/tensor/src/a.ts": `import { b } from "./b.ts"; export const a = 1;`,
        "packages/tensor/src/b.ts": back,
      });
    expect(cycle(`import { a } from "./a.ts";`)).toEqual([
      "circular import: packages/tensor/src/a.ts -> packages/tensor/src/b.ts -> packages/tensor/src/a.ts",
    ]);
    expect(cycle(`import { type A } from "./a.ts";`)).toHaveLength(1);
    expect(cycle(`import type { A } from "./a.ts";`)).toEqual([]);
    expect(cycle(`export const later = () => import("./a.ts");`)).toEqual([]);
  });
});
