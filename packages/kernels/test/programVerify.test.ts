/** @file verifyPlan: every rule that a plan can break, and the words it breaks with. */
import { expect, test } from "vitest";
import type { BindingRange, Plan } from "../src/ir/plan.ts";
import { verifyPlan } from "../src/program/verify.ts";
import { call, chainPlan, external, kernel, plan, slot } from "./deviceFixtures.ts";

const limits = {
  maxStorageBuffersPerShaderStage: 8,
  maxStorageBufferBindingSize: 4096,
  maxUniformBufferBindingSize: 65_536,
  maxBufferSize: 8192,
  maxComputeWorkgroupsPerDimension: 65_535,
};

const at = (buffer: number, offset: number, bytes = 16): BindingRange => ({ buffer, offset, bytes });
const two = [external(0, 128), external(1, 128)];
const double = (range: BindingRange): Plan =>
  plan({ buffers: two, steps: [call("double", [0], 4, { bindings: [range] })] });
const add = (a: BindingRange, b: BindingRange, y: BindingRange, buffers: Plan["buffers"] = two): Plan =>
  plan({ buffers, steps: [call("add", [], 4, { bindings: [a, b, y] })] });
const copy = (
  from: number,
  fromOffset: number,
  to: { buffer: number; offset: number } | { result: number; offset: number },
  bytes: number,
): Plan => plan({ buffers: two, steps: [], copies: [{ from, fromOffset, to, bytes }] });

test("accepts sound plans", () => {
  verifyPlan(chainPlan(5), limits);
  verifyPlan(add(at(0, 0), at(0, 256), at(1, 0)), limits);
  verifyPlan(double(at(1, 256, 256)), limits);
  verifyPlan(copy(0, 4, { buffer: 1, offset: 8 }, 12), limits);
  const twoWrites = call("add", [], 4, {
    kernel: kernel("add", ["read", "read_write", "atomic"]),
    bindings: [at(1, 0), at(0, 0), at(0, 256)],
  });
  verifyPlan(plan({ buffers: two, steps: [twoWrites] }), limits);
});

test.each<[string, Plan, RegExp]>([
  [
    "a buffer over maxBufferSize",
    plan({ buffers: [external(0, 4000)], steps: [] }),
    /larger than any buffer.*16,000 bytes/s,
  ],
  ["an external beyond numExternals", { ...chainPlan(4), numExternals: 0 }, /no external behind it/],
  [
    "too few ranges",
    plan({ buffers: two, steps: [call("add", [0, 1], 4)] }),
    /"add" of plan "test".*2 ranges.*3/s,
  ],
  [
    "too many bindings",
    plan({
      buffers: two,
      steps: [
        call("many", [], 4, {
          kernel: kernel("many", Array(9).fill("read")),
          bindings: Array(9).fill(at(0, 0)),
        }),
      ],
    }),
    /9 storage bindings.*at most 8/s,
  ],
  [
    "missing params",
    plan({ buffers: two, steps: [call("double", [0], 4, { params: new Uint32Array(1) })] }),
    /1 words.*2 \(numParams\)/s,
  ],
  [
    "no whole number of workgroups",
    plan({ buffers: two, steps: [call("double", [0], 4, { workgroups: 1.5 })] }),
    /1.5 workgroups/,
  ],
  ["an unknown scalar", { ...chainPlan(4), numScalars: 0 }, /scalar 0 into word 1/],
  ["a range beyond its buffer", double(at(0, 256, 272)), /bytes 256 to 528 of buffer 0/],
  ["an unknown buffer", double(at(7, 0)), /buffer below 2/],
  ["an odd offset", double(at(0, 16)), /offset 16.*multiple of 256/s],
  [
    "a binding over the limit",
    plan({ buffers: [slot(0, 2000)], steps: [call("double", [0], 2000)] }),
    /8,000 bytes.*4\.0 KiB/s,
  ],
  [
    "read and write of one external",
    add(at(0, 0), at(1, 0), at(1, 256)),
    /reads and writes the same memory.*bindings 1 and 2 on external 1/s,
  ],
  [
    "read and write of one slot under two numbers",
    add(at(0, 0), at(0, 0), at(1, 0), [slot(3, 4), { kind: "slot", slot: 3, bytes: 32 }]),
    /on slot 3/,
  ],
  [
    "overlapping writes",
    plan({
      buffers: two,
      steps: [
        call("pair", [], 4, {
          kernel: kernel("pair", ["read_write", "atomic"]),
          bindings: [at(0, 0, 272), at(0, 256)],
        }),
      ],
    }),
    /bindings 0 and 1/,
  ],
  ["a copy beyond its buffer", copy(0, 508, { result: 0, offset: 0 }, 8), /reaches outside/],
  [
    "a copy to an unknown result",
    { ...copy(0, 0, { result: 1, offset: 0 }, 8), numResults: 1 },
    /reaches outside/,
  ],
  ["a copy of part of a word", copy(0, 0, { buffer: 1, offset: 2 }, 8), /not made of whole words/],
  ["a copy within a buffer", copy(0, 0, { buffer: 0, offset: 256 }, 8), /stays within one buffer/],
])("refuses %s", (_name, bad, message) => {
  expect(() => verifyPlan(bad, limits)).toThrow(message);
});
