/** @file A plan compiled for the cpu: its calls as runners, the memories they follow, and the copies at the end. */
import { counts } from "../device/counters.ts";
import type { DeviceBuffer, Program } from "../ir/device.ts";
import type { Kernel, SideKernel } from "../ir/kernel.ts";
import type { Branch, Call, Plan, PlanStep, Repeat } from "../ir/plan.ts";
import { memoryKey } from "../program/verify.ts";
import type { Params } from "./affine.ts";
import { compileCall } from "./blocks/call.ts";
import type { Machine, Runner } from "./machine.ts";
import { Memory, MemoryRange, type Views } from "./memory.ts";
import type { CpuPool, CpuWorkspace } from "./pool.ts";
import { PlanModule, type Write } from "./wasm/module.ts";
import { Unsupported } from "./wasm/unsupported.ts";

/** Fills in a param word, in every run or every iteration. */
type Patch = (value: number) => void;

/** A kernel of a call, and how to fill in its params. */
interface Compiled {
  readonly run: Runner;
  readonly write: Write;
}

/** A slot whose content is a result in the end: it may lie in the result's own memory, if that is large enough. */
interface Home {
  readonly memory: Memory;
  readonly result: number;
  readonly bytes: number;
}

export class CpuProgram implements Program {
  readonly plan: Plan;
  readonly ready: Promise<void> = Promise.resolve();
  readonly #workspace: CpuWorkspace;
  readonly #memories = new Map<string, Memory>();
  readonly #externals: { readonly index: number; readonly memory: Memory }[] = [];
  readonly #slots: { readonly slot: number; readonly memory: Memory }[] = [];
  readonly #homes: Home[] = [];
  /** Patches of the run by scalar. */
  readonly #patches = new Map<number, Patch[]>();
  readonly #scratch = new Memory();
  readonly #machine: Machine;
  readonly #module: PlanModule | null;
  readonly #run: Runner;
  #disposed = false;

  constructor(plan: Plan, workspace: CpuWorkspace, machine: Machine) {
    this.plan = plan;
    this.#workspace = workspace;
    this.#retainMemory();
    this.#machine = machine;
    this.#module = machine.heap && new PlanModule(machine.heap, machine);
    this.#run = this.#compileSteps(plan.steps, this.#patches);
    this.#module?.finish(this.#scratch);
    this.#workspace.retainScratch(this.#module?.scratchBytes ?? 0);
  }

  run(
    pool: CpuPool,
    externals: readonly DeviceBuffer[],
    results: readonly DeviceBuffer[],
    scalars: Uint32Array,
  ): void {
    for (const { index, memory } of this.#externals) memory.bind(pool.owned(externals[index]!).block.views);
    for (const { slot, memory } of this.#slots) memory.bind(this.#workspace.views(slot));
    for (const home of this.#homes) bindHome(home, pool, externals, results);
    if (this.#module?.scratchBytes) this.#scratch.bind(this.#workspace.scratch);
    for (const [scalar, patches] of this.#patches) patch(patches, scalars[scalar]!);
    this.#run();
    for (const { from, fromOffset, to, bytes } of this.plan.copies) {
      const source = this.#memoryOf(from).views;
      const target =
        "result" in to ? pool.owned(results[to.result]!).block.views : this.#memoryOf(to.buffer).views;
      if (source !== target) copyBytes(source, fromOffset, target, to.offset, bytes);
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#workspace.release(this.plan);
    this.#workspace.releaseScratch(this.#module?.scratchBytes ?? 0);
    this.#module?.dispose();
  }

  #retainMemory(): void {
    for (const buffer of this.plan.buffers) {
      const key = memoryKey(buffer);
      const known = this.#memories.has(key);
      const memory = this.#memories.get(key) ?? new Memory();
      this.#memories.set(key, memory);
      if (known) continue;
      if (buffer.kind === "slot") this.#slots.push({ slot: buffer.slot, memory });
      else this.#externals.push({ index: buffer.index, memory });
    }
    this.#workspace.retain(this.plan);
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
    const { kernel, scalars } = call;
    const ranges = call.bindings.map(
      ({ buffer, offset, bytes }, i) =>
        new MemoryRange(this.#memoryOf(buffer), kernel.bindings[i]!.dtype, offset, bytes),
    );
    counts.pipelines++;
    const params = { words: call.params.slice(), patched: new Set(scalars.map(({ word }) => word)) };
    const { run, write } = this.#compileKernel(kernel, ranges, params);
    for (const { word, scalar } of scalars) {
      const own: Patch = (value) => write(word, value);
      const known = patches.get(scalar);
      if (known) known.push(own);
      else patches.set(scalar, [own]);
    }
    return () => {
      counts.dispatches++;
      run();
    };
  }

  /** As WebAssembly where the kernel has such a form, else as block loops. */
  #compileKernel(kernel: Kernel, ranges: readonly MemoryRange[], params: Params): Compiled {
    if (kernel.form === "side") return this.#compileSide(kernel, ranges, params);
    try {
      if (this.#module) return this.#module.add(kernel, ranges, params);
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
    }
    const write: Write = (word, value) => {
      params.words[word] = value;
    };
    return { run: compileCall(kernel, ranges, params, this.#machine), write };
  }

  /** One part after another. */
  #compileSide(kernel: SideKernel, ranges: readonly MemoryRange[], { words, patched }: Params): Compiled {
    const parts = kernel.parts.map((part, i) => {
      const base = kernel.paramBase[i]!;
      const own = {
        words: words.slice(base, base + part.numParams),
        patched: new Set([...patched].map((word) => word - base)),
      };
      const bindings = kernel.bindingMap[i]!.map((binding) => ranges[binding]!);
      return { base, numParams: part.numParams, ...this.#compileKernel(part, bindings, own) };
    });
    const run = (): void => {
      for (const part of parts) part.run();
    };
    const write: Write = (word, value) => {
      for (const { base, numParams, write } of parts)
        if (word >= base && word < base + numParams) write(word - base, value);
    };
    return { run, write };
  }
}

function bindHome(
  { memory, result, bytes }: Home,
  pool: CpuPool,
  externals: readonly DeviceBuffer[],
  results: readonly DeviceBuffer[],
): void {
  const { block } = pool.owned(results[result]!);
  if (block.bytes >= bytes && !externals.includes(results[result]!)) memory.bind(block.views);
}

function patch(patches: readonly Patch[], value: number): void {
  for (const write of patches) write(value);
}

/** Moves bytes between two memories, which may be the same. */
export function copyBytes(from: Views, fromOffset: number, to: Views, toOffset: number, bytes: number): void {
  to.uint8.set(from.uint8.subarray(fromOffset, fromOffset + bytes), toOffset);
}
