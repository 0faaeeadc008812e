/** @file Activation memory that programs of the cpu share: what a plan would add, and that nothing is left of a failed one. */
import { expect, test } from "vitest";
import { ArrayHeap } from "../src/cpu/heap.ts";
import { CpuPool, CpuWorkspace } from "../src/cpu/pool.ts";
import type { Plan } from "../src/ir/plan.ts";
import { plan, slot } from "./deviceFixtures.ts";

/** A plan that only asks for slots of so many elements. */
const asking = (...lengths: number[]): Plan =>
  plan({ buffers: lengths.map((length, number) => slot(number, length)), steps: [] });

test("slots are shared, grow, and go with their last user", () => {
  const pool = new CpuPool(new ArrayHeap(), 1 << 20);
  const workspace = new CpuWorkspace(pool);
  const [small, large] = [asking(8, 8), asking(16, 4, 4)];
  expect(workspace.growth(small)).toBe(64);
  workspace.retain(small);
  expect(workspace.growth(small)).toBe(0);
  expect(workspace.growth(large)).toBe(32 + 16);
  workspace.retain(large);
  expect(pool.memory().bytes).toBe(64 + 32 + 16);
  workspace.release(large);
  expect(pool.memory().bytes).toBe(64 + 32);
  workspace.release(small);
  expect(pool.memory().bytes).toBe(0);
});

test("a plan without memory for all of its slots leaves none behind", () => {
  const pool = new CpuPool(new ArrayHeap(), 1024);
  const workspace = new CpuWorkspace(pool);
  workspace.retain(asking(8));
  expect(() => workspace.retain(asking(8, 8, 1000))).toThrow(/slot 2/);
  expect(() => workspace.retain(asking(1000))).toThrow(/slot 0/);
  expect(pool.memory().bytes).toBe(32);
  expect(workspace.views(0).u.byteLength).toBeGreaterThanOrEqual(32);
  workspace.release(asking(8));
  expect(pool.memory().bytes).toBe(0);
});
