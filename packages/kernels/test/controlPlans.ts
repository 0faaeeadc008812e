/** @file Plans with repeats and branches, for the tests of both devices. */
import { expect } from "vitest";
import type { Device, DeviceBuffer } from "../src/ir/device.ts";
import type { Instr, LoopKernel, Store } from "../src/ir/kernel.ts";
import type { Call, Plan, PlanBuffer, PlanStep } from "../src/ir/plan.ts";
import { loop, set, write } from "./codegenKernels.ts";

/** Buffers of `length` words, all of them externals. */
export function externals(count: number, length: number): PlanBuffer[] {
  return Array.from({ length: count }, (_, index) => ({ kind: "external", index, bytes: length * 4 }));
}

export function planOf(buffers: readonly PlanBuffer[], steps: readonly PlanStep[], numScalars = 0): Plan {
  return {
    label: "control",
    buffers,
    steps,
    copies: [],
    numExternals: buffers.length,
    numResults: 0,
    numScalars,
    slotBytes: 0,
  };
}

/** Params: the extent, then `words`; `scalars` fill words of them. */
function callOf(
  kernel: LoopKernel,
  buffers: readonly number[],
  length: number,
  params: readonly number[],
  scalars: Call["scalars"],
): Call {
  return {
    kind: "call",
    kernel,
    key: kernel.label,
    bindings: buffers.map((buffer) => ({ buffer, offset: 0, bytes: length * 4 })),
    params: Uint32Array.of(length, ...params),
    workgroups: Math.ceil(length / kernel.workgroupSize),
    scalars,
  };
}

const int = (op: string, args: readonly number[], value?: number): Instr => ({
  op,
  dtype: "int32",
  args,
  ...(value === undefined ? {} : { value }),
});

function kernelOf(
  label: string,
  bindings: LoopKernel["bindings"],
  numParams: number,
  code: readonly Instr[],
  stores: readonly Store[],
): LoopKernel {
  return loop({ label, rows: 1, numParams, bindings, body: { code, stores } });
}

/** y = y * factor + turn, for a scalar `turn` and a param `factor`. */
export function accumulate(buffer: number, length: number, factor: number, turn: number): Call {
  const code = [int("axis", [], 0), int("load", [0], 0), int("param", [], 1), int("param", [], 2)];
  code.push(int("mul", [1, 2]), int("add", [4, 3]));
  const kernel = kernelOf("accumulate", [write("int32")], 3, code, [set(0, 0, 5)]);
  return callOf(kernel, [buffer], length, [factor, 0], [{ word: 2, scalar: turn }]);
}

/** y[(turn + 1) % slots] = y[turn % slots] + step: a carry in a ring. */
export function ring(buffer: number, slots: number, step: number, turn: number): Call {
  const code = [int("axis", [], 0), int("param", [], 1), int("param", [], 2), int("param", [], 3)];
  code.push(int("const", [], 1), int("add", [1, 4]), int("irem", [1, 2]), int("irem", [5, 2]));
  code.push(int("add", [0, 6]), int("load", [8], 0), int("add", [9, 3]), int("add", [0, 7]));
  const kernel = kernelOf("ring", [write("int32")], 4, code, [set(0, 11, 10)]);
  const call = callOf(kernel, [buffer], 1, [0, slots, step], [{ word: 1, scalar: turn }]);
  return { ...call, bindings: [{ buffer, offset: 0, bytes: slots * 4 }] };
}

/** flag[0] = y[0] < limit. */
export function isBelow(flag: number, buffer: number, limit: number): Call {
  const code: Instr[] = [int("axis", [], 0), int("load", [0], 1), int("param", [], 1)];
  code.push({ op: "lt", dtype: "bool", args: [1, 2] });
  const kernel = kernelOf("isBelow", [write("bool"), write("int32")], 2, code, [set(0, 0, 3)]);
  return callOf(kernel, [flag, buffer], 1, [limit], []);
}

/** Externals with these values, run once; their values afterwards. */
export async function runOnce(device: Device, plan: Plan, values: number[][], scalars: number[] = []) {
  const buffers = upload(device, values);
  device.run(device.build(plan), buffers, [], Uint32Array.from(scalars));
  return readAll(device, buffers);
}

export function upload(device: Device, values: readonly (readonly number[])[]): DeviceBuffer[] {
  return values.map((list) => {
    const buffer = device.alloc(list.length * 4, "external");
    device.write(buffer, 0, Int32Array.from(list));
    return buffer;
  });
}

export async function readAll(device: Device, buffers: readonly DeviceBuffer[]): Promise<number[][]> {
  const found = buffers.map((buffer) => device.read(buffer, 0, buffer.bytes));
  return (await Promise.all(found)).map((bytes) => [...new Int32Array(bytes)]);
}

/** y after `turns` of y * factor + t. */
export const accumulated = (start: number, turns: number, factor: number): number => {
  let y = start;
  for (let t = 0; t < turns; t++) y = y * factor + t;
  return y;
};

/** What both devices must compute; named cases. */
export const controlCases: Readonly<Record<string, (device: Device) => Promise<void>>> = {
  "a repeat counts its iterations": async (device) => {
    const steps: PlanStep[] = [
      { kind: "repeat", count: 5, iteration: 0, steps: [accumulate(0, 4, 3, 0)] },
      { kind: "repeat", count: 1, iteration: 0, steps: [accumulate(0, 4, 2, 0)] },
    ];
    const [y] = await runOnce(device, planOf(externals(1, 4), steps), [[1, 2, 0, -1]]);
    expect(y).toEqual([1, 2, 0, -1].map((start) => 2 * accumulated(start, 5, 3)));
  },
  "scalars of the run reach calls in a repeat": async (device) => {
    const call = accumulate(0, 4, 1, 0);
    const plan = planOf(externals(1, 4), [{ kind: "repeat", count: 7, iteration: 1, steps: [call] }], 1);
    const program = device.build(plan);
    const buffers = upload(device, [[0, 1, 2, 3]]);
    device.run(program, buffers, [], Uint32Array.of(10));
    device.run(program, buffers, [], Uint32Array.of(100));
    expect(await readAll(device, buffers)).toEqual([[0, 1, 2, 3].map((x) => x + 770)]);
  },
  "repeats nest, and a call may take both numbers": async (device) => {
    const inner = accumulate(0, 4, 1, 1);
    const outer = accumulate(1, 4, 1, 0);
    const both = accumulate(2, 4, 1, 0);
    const nested: Call = { ...both, scalars: [...both.scalars, { word: 1, scalar: 1 }] };
    const steps: PlanStep[] = [
      {
        kind: "repeat",
        count: 3,
        iteration: 0,
        steps: [outer, { kind: "repeat", count: 4, iteration: 1, steps: [inner, nested] }],
      },
    ];
    let y = 2;
    for (let t = 0; t < 3; t++) for (let s = 0; s < 4; s++) y = y * s + t;
    const found = await runOnce(device, planOf(externals(3, 4), steps), [
      [0, 0, 0, 0],
      [5, 5, 5, 5],
      [2, 2, 2, 2],
    ]);
    expect(found.map(([first]) => first)).toEqual([18, 8, y]);
  },
  "a carry goes round in a ring": async (device) => {
    const steps: PlanStep[] = [{ kind: "repeat", count: 5, iteration: 0, steps: [ring(0, 2, 3, 0)] }];
    const all: PlanStep[] = [{ kind: "repeat", count: 3, iteration: 0, steps: [ring(0, 4, 3, 0)] }];
    expect(await runOnce(device, planOf(externals(1, 4), steps), [[1, 0, 9, 9]])).toEqual([[13, 16, 9, 9]]);
    expect(await runOnce(device, planOf(externals(1, 4), all), [[1, 0, 0, 0]])).toEqual([[1, 4, 7, 10]]);
  },
  "nothing is repeated no times": async (device) => {
    const steps: PlanStep[] = [{ kind: "repeat", count: 0, iteration: 0, steps: [accumulate(0, 4, 3, 0)] }];
    expect(await runOnce(device, planOf(externals(1, 4), steps), [[1, 2, 3, 4]])).toEqual([[1, 2, 3, 4]]);
  },
  "a branch runs where its flag is set, also when it changes under way": async (device) => {
    // y doubles while it is below 100: the flag is computed anew in each iteration.
    const steps: PlanStep[] = [
      {
        kind: "repeat",
        count: 10,
        iteration: 0,
        steps: [
          isBelow(1, 0, 100),
          { kind: "branch", buffer: 1, offset: 0, steps: [accumulate(0, 4, 2, 0), accumulate(2, 4, 1, 0)] },
        ],
      },
    ];
    let [y, turns] = [3, 0];
    for (let t = 0; t < 10; t++) {
      if (y >= 100) continue;
      y = y * 2 + t;
      turns += t;
    }
    const found = await runOnce(device, planOf(externals(3, 4), steps), [
      [3, 3, 3, 3],
      [7, 7, 7, 7],
      [0, 0, 0, 0],
    ]);
    expect(found[0]).toEqual([y, y, y, y]);
    expect(found[2]).toEqual([turns, turns, turns, turns]);
  },
  "branches nest: an inner one never runs where the outer one does not": async (device) => {
    const nested = (outer: number): PlanStep => ({
      kind: "branch",
      buffer: 0,
      offset: outer * 4,
      steps: [
        accumulate(1, 4, 2, 0),
        { kind: "branch", buffer: 0, offset: 8, steps: [accumulate(2, 4, 3, 0)] },
        { kind: "branch", buffer: 0, offset: 12, steps: [accumulate(3, 4, 5, 0)] },
        accumulate(1, 4, 7, 0),
      ],
    });
    const plan = planOf(externals(4, 4), [nested(0), nested(1)], 1);
    const ones = [1, 1, 1, 1];
    const found = await runOnce(device, plan, [[0, 1, 1, 0], ones, ones, ones], [0]);
    expect(found.map(([first]) => first)).toEqual([0, 14, 3, 1]);
  },
};
