/** How recurrent templates are launched. */
import { describe, expect, test } from "vitest";
import { recurrentLaunch } from "../src/templates/recurrent.ts";

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
