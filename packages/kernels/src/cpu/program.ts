/** @file A plan compiled for the cpu: its calls as runners, the memories they follow, and the copies at the end. */
import { counts } from "../device/counters.ts";
import type { DeviceBuffer, Program } from "../ir/device.ts";
import type { Kernel } from "../ir/kernel.ts";
import type { Branch, Call, Plan, PlanStep, Repeat } from "../ir/plan.ts";
import { memoryKey } from "../program/verify.ts";
import type { Params } from "./affine.ts";
import { KernelCall } from "./kernelCall.ts";
import { type Link, linkCalls } from "./link.ts";
import type { Machine, Runner } from "./machine.ts";
import { Memory, MemoryRange, type Views } from "./memory.ts";
import type { CpuBuffer, CpuWorkspace } from "./pool.ts";

/** Fills in a param word, in every run or every iteration. */
type Patch = (value: number) => void;

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
  /** Patches of the run by scalar. */
  readonly #patches = new Map<number, Patch[]>();
  readonly #scratch = new Memory();
  readonly #calls: KernelCall[] = [];
  readonly #run: Runner;
  #link: Link | null = null;
  #disposed = false;
  /** Disposed of, and nothing that was queued before uses it any more. */
  #unused = false;

  constructor(plan: Plan, host: ProgramHost) {
    this.plan = plan;
    this.#host = host;
    this.#findMemory();
    this.#run = this.#compileSteps(plan.steps, this.#patches);
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
    for (const [scalar, patches] of this.#patches) patch(patches, scalars[scalar]!);
    this.#run();
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
      const link = linkCalls(this.#calls, this.#host.machine, this.#scratch);
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

  /** `patches` gathers what the scalars in scope have to fill in. */
  #compileSteps(steps: readonly PlanStep[], patches: Map<number, Patch[]>): Runner {
    const runners = steps.map((step) => {
      if (step.kind === "call") return this.#compileCall(step, patches);
      return step.kind === "repeat" ? this.#compileRepeat(step, patches) : this.#compileBranch(step, patches);
    });
    return () => {
      for (const run of runners) run();
    };
  }

  #compileRepeat({ steps, count, iteration }: Repeat, patches: Map<number, Patch[]>): Runner {
    const run = this.#compileSteps(steps, patches);
    const turns = patches.get(iteration) ?? [];
    patches.delete(iteration);
    return () => {
      for (let i = 0; i < count; i++) {
        patch(turns, i);
        run();
      }
    };
  }

  #compileBranch({ steps, buffer, offset }: Branch, patches: Map<number, Patch[]>): Runner {
    const flag = this.#memoryOf(buffer);
    const run = this.#compileSteps(steps, patches);
    return () => {
      if (flag.views.u[offset / 4] !== 0) run();
    };
  }

  #compileCall(call: Call, patches: Map<number, Patch[]>): Runner {
    const { kernel, key, scalars } = call;
    const ranges = call.bindings.map(
      ({ buffer, offset, bytes }, i) =>
        new MemoryRange(this.#memoryOf(buffer), kernel.bindings[i]!.dtype, offset, bytes),
    );
    const params = { words: call.params.slice(), patched: new Set(scalars.map(({ word }) => word)) };
    const parts = partsOf(key, kernel, ranges, params);
    this.#calls.push(...parts.map(({ call }) => call));
    for (const { word, scalar } of scalars) {
      const known = patches.get(scalar) ?? [];
      patches.set(scalar, known);
      for (const { call, base } of parts)
        if (word >= base && word < base + call.kernel.numParams)
          known.push((value) => call.write(word - base, value));
    }
    return () => {
      counts.dispatches++;
      for (const { call } of parts) call.run();
    };
  }
}

/** A kernel, or those side by side in it, which run one after another; `base`: where the params of a part start. */
function partsOf(
  key: string,
  kernel: Kernel,
  ranges: readonly MemoryRange[],
  params: Params,
): readonly { readonly call: KernelCall; readonly base: number }[] {
  if (kernel.form !== "side") return [{ call: new KernelCall(key, kernel, ranges, params), base: 0 }];
  return kernel.parts.map((part, i) => {
    const base = kernel.paramBase[i]!;
    const own = {
      words: params.words.slice(base, base + part.numParams),
      patched: new Set([...params.patched].map((word) => word - base)),
    };
    const bindings = kernel.bindingMap[i]!.map((binding) => ranges[binding]!);
    return { call: new KernelCall(`${i} of ${key}`, part, bindings, own), base };
  });
}

function bindHome(
  { memory, result, bytes }: Home,
  externals: readonly DeviceBuffer[],
  results: readonly CpuBuffer[],
): void {
  const { block } = results[result]!;
  if (block.bytes >= bytes && !externals.includes(results[result]!)) memory.bind(block.views);
}

function patch(patches: readonly Patch[], value: number): void {
  for (const write of patches) write(value);
}

/** Moves bytes between two memories, which may be the same. */
export function copyBytes(from: Views, fromOffset: number, to: Views, toOffset: number, bytes: number): void {
  to.uint8.set(from.uint8.subarray(fromOffset, fromOffset + bytes), toOffset);
}
