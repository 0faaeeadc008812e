/** @file A plan compiled for the cpu: its calls as runners, the memories they follow, and the copies at the end. */
import { counts } from "../device/counters.ts";
import type { DeviceBuffer, Program } from "../ir/device.ts";
import type { Call, Plan } from "../ir/plan.ts";
import { memoryKey, planCalls } from "../program/verify.ts";
import { compileCall } from "./call.ts";
import type { Machine, Runner } from "./machine.ts";
import { Memory, MemoryRange, type Views } from "./memory.ts";
import type { CpuPool, CpuWorkspace } from "./pool.ts";

/** A param word that every run fills in. */
interface Patch {
  readonly words: Uint32Array;
  readonly word: number;
  readonly scalar: number;
}

export class CpuProgram implements Program {
  readonly plan: Plan;
  readonly ready: Promise<void> = Promise.resolve();
  readonly #workspace: CpuWorkspace;
  readonly #memories = new Map<string, Memory>();
  readonly #externals: { readonly index: number; readonly memory: Memory }[] = [];
  readonly #slots: { readonly slot: number; readonly memory: Memory }[] = [];
  readonly #patches: Patch[] = [];
  readonly #runners: Runner[];
  #disposed = false;

  constructor(plan: Plan, workspace: CpuWorkspace, machine: Machine) {
    this.plan = plan;
    this.#workspace = workspace;
    this.#retainMemory();
    this.#runners = planCalls(plan).map((call) => this.#compile(call, machine));
  }

  run(
    pool: CpuPool,
    externals: readonly DeviceBuffer[],
    results: readonly DeviceBuffer[],
    scalars: Uint32Array,
  ): void {
    for (const { index, memory } of this.#externals) memory.bind(pool.owned(externals[index]!).views);
    for (const { slot, memory } of this.#slots) memory.bind(this.#workspace.views(slot));
    for (const { words, word, scalar } of this.#patches) words[word] = scalars[scalar]!;
    for (const run of this.#runners) run();
    counts.dispatches += this.#runners.length;
    for (const { from, fromOffset, to, bytes } of this.plan.copies) {
      const target = "result" in to ? pool.owned(results[to.result]!).views : this.#memoryOf(to.buffer).views;
      copyBytes(this.#memoryOf(from).views, fromOffset, target, to.offset, bytes);
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const { slot } of this.#slots) this.#workspace.release(slot);
  }

  #retainMemory(): void {
    const sizes = new Map<number, number>();
    for (const buffer of this.plan.buffers) {
      const key = memoryKey(buffer);
      const known = this.#memories.has(key);
      const memory = this.#memories.get(key) ?? new Memory();
      this.#memories.set(key, memory);
      if (buffer.kind === "slot") sizes.set(buffer.slot, Math.max(sizes.get(buffer.slot) ?? 0, buffer.bytes));
      if (known) continue;
      if (buffer.kind === "slot") this.#slots.push({ slot: buffer.slot, memory });
      else this.#externals.push({ index: buffer.index, memory });
    }
    for (const [slot, bytes] of sizes) this.#workspace.retain(slot, bytes);
  }

  #memoryOf(buffer: number): Memory {
    return this.#memories.get(memoryKey(this.plan.buffers[buffer]!))!;
  }

  #compile(call: Call, machine: Machine): Runner {
    const { kernel, scalars } = call;
    const words = call.params.slice();
    for (const { word, scalar } of scalars) this.#patches.push({ words, word, scalar });
    const ranges = call.bindings.map(
      ({ buffer, offset, bytes }, i) =>
        new MemoryRange(this.#memoryOf(buffer), kernel.bindings[i]!.dtype, offset, bytes),
    );
    counts.pipelines++;
    return compileCall(kernel, ranges, { words, patched: new Set(scalars.map(({ word }) => word)) }, machine);
  }
}

/** Moves bytes between two memories, which may be the same. */
export function copyBytes(from: Views, fromOffset: number, to: Views, toOffset: number, bytes: number): void {
  to.uint8.set(from.uint8.subarray(fromOffset, fromOffset + bytes), toOffset);
}
