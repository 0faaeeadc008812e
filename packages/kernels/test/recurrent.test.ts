/** How recurrent templates are launched. */
import { describe, expect, test } from "vitest";
import { emitWgsl } from "../src/codegen/index.ts";
import type { SideKernel, TemplateKernel } from "../src/ir/kernel.ts";
import { recurrentLaunch } from "../src/templates/recurrent.ts";
import { recurrentStepLaunch } from "../src/templates/recurrentStep.ts";
import { recurrentCall, recurrentKinds } from "./recurrentKernels.ts";

const base = { name: "webgpu", workgroupBytes: 16384, maxWorkgroupSize: 256 } as const;
const hardware = { ...base, software: false };
const software = { ...base, software: true };

describe("recurrentLaunch", () => {
  test("holds the weights of up to 64 units in registers, a row per workgroup", () => {
    const forward = recurrentLaunch("forward", 4, 64, [32, 10], hardware);
    expect(forward).toMatchObject({ workgroups: 32, workgroupSize: 256 });
    expect(forward?.constants).toMatchObject({ ROWS: 1, SLICES: 4, REGISTERS: true });
    const backward = recurrentLaunch("backward", 4, 64, [32, 10], hardware);
    expect(backward).toMatchObject({ workgroups: 32, workgroupSize: 256 });
    expect(backward?.constants).toMatchObject({ ROWS: 1, SLICES: 16, REGISTERS: true });
  });

  test("shares loaded weights among 4 rows above, and on a CPU renderer", () => {
    expect(recurrentLaunch("forward", 4, 128, [32, 10], hardware)?.constants).toMatchObject({
      ROWS: 4,
      REGISTERS: false,
    });
    expect(recurrentLaunch("forward", 4, 64, [30, 10], software)).toMatchObject({
      workgroups: 8,
      workgroupSize: 64,
      constants: { ROWS: 4, SLICES: 1, REGISTERS: false },
    });
    expect(recurrentLaunch("backward", 4, 64, [30, 10], software)?.constants).toMatchObject({ SLICES: 4 });
  });

  test("fits the workgroup memory and the workgroup size at every width", () => {
    for (const target of [hardware, software])
      for (const gates of [1, 3, 4])
        for (const forward of [true, false])
          for (let units = 1; units <= 256; units++) {
            const launch = recurrentLaunch(forward ? "forward" : "backward", gates, units, [7, 5], target);
            const { ROWS, SLICES } = (launch?.constants ?? {}) as { ROWS: number; SLICES: number };
            const [results, inner] = forward ? [gates * units, units] : [units, gates * units];
            const [groups, blocks] = [Math.ceil(results / 4), Math.ceil(inner / 4)];
            const bytes = 16 * ROWS * SLICES * (Math.ceil(blocks / SLICES) + groups);
            expect(bytes).toBeLessThanOrEqual(16384);
            expect(launch?.workgroupSize).toBeLessThanOrEqual(256);
            expect(launch?.workgroupSize).toBeGreaterThanOrEqual(SLICES * groups);
          }
  });

  test("depends on the batch in the grid alone", () => {
    const [few, many] = [1, 100].map((batch) => recurrentLaunch("forward", 4, 100, [batch, 5], hardware));
    expect(few?.constants).toEqual(many?.constants);
    expect([few?.workgroups, many?.workgroups]).toEqual([1, 25]);
  });

  test("declines wide layers and single steps", () => {
    expect(recurrentLaunch("forward", 4, 257, [8, 10], hardware)).toBeNull();
    expect(recurrentLaunch("forward", 4, 64, [8, 1], hardware)).toBeNull();
    expect(recurrentLaunch("forward", 4, 1000, [8, 10], { ...software, name: "cpu" })).not.toBeNull();
  });
});

describe("recurrentStepLaunch", () => {
  const lstm = { gates: 4, units: 512 };

  test("depends on the batch in the grid alone", () => {
    const [few, many] = [1, 100].map((batch) => recurrentStepLaunch("forward", { ...lstm, batch }, hardware));
    expect(few?.constants).toEqual(many?.constants);
    expect([few?.workgroups, many?.workgroups]).toEqual([32, 32 * 13]);
  });

  test("cuts the product into slices on a GPU, not on a CPU renderer", () => {
    const gru = { gates: 3, width: 6, batch: 8, units: 300 };
    expect(recurrentStepLaunch("backward", gru, hardware)).toMatchObject({
      workgroups: 38,
      workgroupSize: 64,
      constants: { GATES: 3, WIDTH: 6, SLICES: 16 },
    });
    expect(recurrentStepLaunch("backward", gru, software)?.constants).toMatchObject({ SLICES: 1 });
  });

  test("declines units that are no multiple of 4, and the cpu", () => {
    expect(recurrentStepLaunch("forward", { ...lstm, batch: 2, units: 510 }, hardware)).toBeNull();
    expect(recurrentStepLaunch("forward", { ...lstm, batch: 2 }, { ...software, name: "cpu" })).toBeNull();
  });
});

test("kernels on the cpu can be shown as WGSL", () => {
  for (const kind of Object.values(recurrentKinds)) {
    const call = recurrentCall(kind, { batch: 2, steps: 3, units: 300 }, { ...software, name: "cpu" });
    if (call) expect(emitWgsl(call.kernel).code).toContain("const UNITS = 300;");
  }
});

test("templates of one form side by side share their workgroup memory", () => {
  const size = { batch: 2, steps: 1, units: 8 };
  const codeOf = (...kinds: readonly string[]): string =>
    emitWgsl(beside(kinds.map((kind) => recurrentCall(recurrentKinds[kind]!, size, hardware)!.kernel))).code;
  const count = (code: string) => code.match(/var<workgroup>/g)?.length;
  expect(count(codeOf("lstm step", "gru step"))).toBe(2);
  expect(count(codeOf("lstm step", "lstm step"))).toBe(1);
  expect(codeOf("lstm step", "lstm step")).toMatch(/fn param_p1[^]*partials_p0\[/);
});

function beside(parts: readonly TemplateKernel[]): SideKernel {
  const bindings = parts.flatMap((part) => part.bindings);
  const before = (of: (part: TemplateKernel) => number) =>
    parts.map((_, i) => parts.slice(0, i).reduce((sum, part) => sum + of(part), 0));
  const firstBinding = before((part) => part.bindings.length);
  const numParams = parts.reduce((sum, part) => sum + part.numParams, parts.length);
  return {
    form: "side",
    label: "pair",
    parts,
    bindings,
    bindingMap: parts.map((part, p) => part.bindings.map((_, i) => (firstBinding[p] as number) + i)),
    paramBase: before((part) => part.numParams),
    numParams,
  };
}
