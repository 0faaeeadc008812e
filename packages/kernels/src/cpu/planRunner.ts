/** @file The steps of a plan in the order in which they run, over kernel calls whose code comes when they are linked. */
import { counts } from "../device/counters.ts";
import type { Kernel } from "../ir/kernel.ts";
import type { Branch, Call, PlanStep, Repeat } from "../ir/plan.ts";
import type { Params } from "./affine.ts";
import { KernelCall } from "./kernelCall.ts";
import type { Runner } from "./machine.ts";
import { type Memory, MemoryRange } from "./memory.ts";

/** Fills in a param word, in every run or every iteration. */
type Patch = (value: number) => void;

export class PlanRunner {
  readonly calls: KernelCall[] = [];
  readonly #memoryOf: (buffer: number) => Memory;
  /** Patches of the run by scalar. */
  readonly #patches = new Map<number, Patch[]>();
  readonly #run: Runner;

  /** `memoryOf`: the memory of a buffer of the plan. */
  constructor(steps: readonly PlanStep[], memoryOf: (buffer: number) => Memory) {
    this.#memoryOf = memoryOf;
    this.#run = this.#compile(steps, this.#patches);
  }

  /** Runs all steps on the memory bound at the time. */
  run(scalars: Uint32Array): void {
    for (const [scalar, patches] of this.#patches) patch(patches, scalars[scalar]!);
    this.#run();
  }

  /** `patches` gathers what the scalars in scope have to fill in. */
  #compile(steps: readonly PlanStep[], patches: Map<number, Patch[]>): Runner {
    const runners = steps.map((step) => {
      if (step.kind === "call") return this.#compileCall(step, patches);
      return step.kind === "repeat" ? this.#compileRepeat(step, patches) : this.#compileBranch(step, patches);
    });
    return () => {
      for (const run of runners) run();
    };
  }

  #compileRepeat({ steps, count, iteration }: Repeat, patches: Map<number, Patch[]>): Runner {
    const run = this.#compile(steps, patches);
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
    const run = this.#compile(steps, patches);
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
    this.calls.push(...parts.map(({ call }) => call));
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

function patch(patches: readonly Patch[], value: number): void {
  for (const write of patches) write(value);
}
