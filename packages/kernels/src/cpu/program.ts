/** @file A plan compiled for the cpu: its memories, its calls, which follow them, and the copies at the end. */
import type { DeviceBuffer, Program } from "../ir/device.ts";
import type { Plan } from "../ir/plan.ts";
import { memoryKey } from "../program/verify.ts";
import { type Link, linkCalls } from "./link.ts";
import type { Machine } from "./machine.ts";
import { Memory, type Views } from "./memory.ts";
import { PlanRunner } from "./planRunner.ts";
import type { CpuBuffer, CpuWorkspace } from "./pool.ts";

/** What a program needs of its device. */
export interface ProgramHost {
  readonly workspace: CpuWorkspace;
  readonly machine: Machine;
  /** Runs something behind all queued work. */
  readonly defer: (operation: () => void) => void;
}

/** A slot whose content is a result in the end: it may lie in the result's own memory, if that is large enough. */
interface Home {
  readonly memory: Memory;
  readonly result: number;
  readonly bytes: number;
}

export class CpuProgram implements Program {
  readonly plan: Plan;
  readonly ready: Promise<void>;
  /** Why it cannot be run, if so. */
  failure: Error | null = null;
  readonly #host: ProgramHost;
  readonly #memories = new Map<string, Memory>();
  readonly #externals: { readonly index: number; readonly memory: Memory }[] = [];
  readonly #slots: { readonly slot: number; readonly memory: Memory }[] = [];
  readonly #homes: Home[] = [];
  readonly #scratch = new Memory();
  readonly #runner: PlanRunner;
  #link: Link | null = null;
  #disposed = false;
  /** Disposed of, and nothing that was queued before uses it any more. */
  #unused = false;

  constructor(plan: Plan, host: ProgramHost) {
    this.plan = plan;
    this.#host = host;
    this.#findMemory();
    this.#runner = new PlanRunner(plan.steps, (buffer) => this.#memoryOf(buffer));
    host.workspace.retain(plan);
    this.ready = this.#prepare();
    this.ready.catch(() => {});
  }

  /** Its code is there, or will never be. */
  get settled(): boolean {
    return this.#link !== null || this.failure !== null;
  }

  run(externals: readonly CpuBuffer[], results: readonly CpuBuffer[], scalars: Uint32Array): void {
    const { workspace } = this.#host;
    for (const { index, memory } of this.#externals) memory.bind(externals[index]!.block.views);
    for (const { slot, memory } of this.#slots) memory.bind(workspace.views(slot));
    for (const home of this.#homes) bindHome(home, externals, results);
    if (this.#link!.scratchBytes > 0) this.#scratch.bind(workspace.scratch);
    this.#runner.run(scalars);
    for (const { from, fromOffset, to, bytes } of this.plan.copies) {
      const source = this.#memoryOf(from).views;
      const target = "result" in to ? results[to.result]!.block.views : this.#memoryOf(to.buffer).views;
      if (source !== target) copyBytes(source, fromOffset, target, to.offset, bytes);
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#host.defer(() => {
      this.#unused = true;
      if (this.#link) this.#release(this.#link);
    });
  }

  /** Links the calls: at once where nothing has to be loaded or compiled for long. */
  #prepare(): Promise<void> {
    try {
      const link = linkCalls(this.#runner.calls, this.#host.machine, this.#scratch);
      if (!(link instanceof Promise)) return Promise.resolve(this.#settle(link));
      return link
        .then((made) => this.#settle(made))
        .catch((error: Error) => {
          this.failure = error;
          this.#host.workspace.release(this.plan);
          throw error;
        });
    } catch (error) {
      this.#host.workspace.release(this.plan);
      throw error;
    }
  }

  #settle(link: Link): void {
    try {
      this.#host.workspace.retainScratch(link.scratchBytes);
    } catch (error) {
      link.dispose();
      throw error;
    }
    this.#link = link;
    if (this.#unused) this.#release(link);
  }

  #release(link: Link): void {
    const { workspace } = this.#host;
    workspace.release(this.plan);
    workspace.releaseScratch(link.scratchBytes);
    link.dispose();
  }

  #findMemory(): void {
    for (const buffer of this.plan.buffers) {
      const key = memoryKey(buffer);
      const known = this.#memories.has(key);
      const memory = this.#memories.get(key) ?? new Memory();
      this.#memories.set(key, memory);
      if (known) continue;
      if (buffer.kind === "slot") this.#slots.push({ slot: buffer.slot, memory });
      else this.#externals.push({ index: buffer.index, memory });
    }
    for (const { from, fromOffset, to } of this.plan.copies) {
      const memory = this.#memoryOf(from);
      const isWhole = "result" in to && fromOffset === 0 && to.offset === 0;
      if (!isWhole || this.plan.buffers[from]!.kind !== "slot") continue;
      if (this.#homes.some((home) => home.memory === memory || home.result === to.result)) continue;
      this.#homes.push({ memory, result: to.result, bytes: this.#bytesOf(memory) });
    }
  }

  /** Bytes that the plan uses of a memory. */
  #bytesOf(memory: Memory): number {
    return Math.max(
      ...this.plan.buffers.map(({ bytes }, buffer) => (this.#memoryOf(buffer) === memory ? bytes : 0)),
    );
  }

  #memoryOf(buffer: number): Memory {
    return this.#memories.get(memoryKey(this.plan.buffers[buffer]!))!;
  }
}

function bindHome(
  { memory, result, bytes }: Home,
  externals: readonly DeviceBuffer[],
  results: readonly CpuBuffer[],
): void {
  const { block } = results[result]!;
  if (block.bytes >= bytes && !externals.includes(results[result]!)) memory.bind(block.views);
}

/** Moves bytes between two memories, which may be the same. */
export function copyBytes(from: Views, fromOffset: number, to: Views, toOffset: number, bytes: number): void {
  to.uint8.set(from.uint8.subarray(fromOffset, fromOffset + bytes), toOffset);
}
