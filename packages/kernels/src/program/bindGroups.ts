/** @file Bind groups of one program: a set for each of the last few combinations of externals, made once. */
import { counts } from "../device/counters.ts";
import { DeviceError } from "../device/errors.ts";
import type { GpuBuffer, Physical } from "../device/pool.ts";
import { paddedBytes } from "../device/sizeClass.ts";
import type { Call, Plan } from "../ir/plan.ts";
import { countsBuffer } from "./predicate.ts";
import type { Uniforms } from "./uniforms.ts";
import { memoryKey } from "./verify.ts";
import type { Workspace } from "./workspace.ts";

/** Combinations of externals kept: enough for a loop over some dozens of resident batches. */
const keptSets = 32;

interface BindSet {
  /** Serials of the externals' buffers. */
  readonly serials: readonly number[];
  readonly groups: readonly GPUBindGroup[];
}

/** A kernel call with the layout of its pipeline. */
export interface BoundCall {
  readonly call: Call;
  readonly layout: GPUBindGroupLayout;
}

export class BindGroups {
  readonly #gpu: GPUDevice;
  readonly #plan: Plan;
  readonly #calls: readonly BoundCall[];
  readonly #uniforms: Uniforms;
  readonly #workspace: Workspace;
  /** Workgroup counts of calls inside branches. */
  readonly #counts: Physical | null;
  /** Externals that each call touches. */
  readonly #touched: readonly (readonly number[])[];
  /** Last used first. */
  readonly #sets: BindSet[] = [];
  #generation: number;

  constructor(
    gpu: GPUDevice,
    plan: Plan,
    calls: readonly BoundCall[],
    uniforms: Uniforms,
    workspace: Workspace,
    counts: GpuBuffer | null,
  ) {
    this.#gpu = gpu;
    this.#plan = plan;
    this.#calls = calls;
    this.#uniforms = uniforms;
    this.#workspace = workspace;
    this.#counts = counts?.physical ?? null;
    this.#generation = workspace.generation;
    this.#touched = calls.map(({ call }) => {
      const buffers = call.bindings.map((range) => plan.buffers[range.buffer]);
      return buffers.flatMap((buffer) => (buffer?.kind === "external" ? [buffer.index] : []));
    });
  }

  /**
   * The bind group of each call for these externals. Allocates nothing when they are those of one of the last
   * few runs.
   */
  get(externals: readonly GpuBuffer[]): readonly GPUBindGroup[] {
    if (this.#generation !== this.#workspace.generation) {
      this.#generation = this.#workspace.generation;
      this.#sets.length = 0;
    }
    for (let i = 0; i < this.#sets.length; i++) {
      const set = this.#sets[i]!;
      if (!isSameMemory(set.serials, externals)) continue;
      for (let j = i; j > 0; j--) this.#sets[j] = this.#sets[j - 1]!;
      this.#sets[0] = set;
      return set.groups;
    }
    const set = this.#make(externals, this.#sets[0]);
    this.#sets.unshift(set);
    if (this.#sets.length > keptSets) this.#sets.pop();
    return set.groups;
  }

  /** Groups whose externals are those of `previous` are taken over from it. */
  #make(externals: readonly GpuBuffer[], previous: BindSet | undefined): BindSet {
    const groups = this.#calls.map((bound, i) => {
      const kept =
        previous && this.#touched[i]!.every((e) => previous.serials[e] === externals[e]!.physical.serial);
      return kept ? previous.groups[i]! : this.#createGroup(bound, i, externals);
    });
    return { serials: externals.map(({ physical }) => physical.serial), groups };
  }

  #createGroup({ call, layout }: BoundCall, index: number, externals: readonly GpuBuffer[]): GPUBindGroup {
    const { label, numParams } = call.kernel;
    const physicals = call.bindings.map((range) => this.#physical(range.buffer, externals));
    this.#refuseAliases(call, physicals, externals);
    const entries: GPUBindGroupEntry[] = call.bindings.map(({ offset, bytes }, binding) => ({
      binding,
      // Rounded up to whole vectors: a vec4 array that ends within one would lose its last elements.
      resource: { buffer: physicals[binding]!.gpu, offset, size: paddedBytes(bytes) },
    }));
    if (numParams > 0) {
      const size = paddedBytes(numParams * 4);
      const buffer = this.#uniforms.buffer!.physical.gpu;
      entries.push({
        binding: entries.length,
        resource: { buffer, offset: this.#uniforms.offsets[index]!, size },
      });
    }
    counts.bindGroups++;
    return this.#gpu.createBindGroup({ label, layout, entries });
  }

  #physical(index: number, externals: readonly GpuBuffer[]): Physical {
    if (index === countsBuffer) return this.#counts!;
    const buffer = this.#plan.buffers[index]!;
    return buffer.kind === "external"
      ? externals[buffer.index]!.physical
      : this.#workspace.physical(buffer.slot);
  }

  /** One buffer handed in as two externals is only seen here; `verifyPlan` saw all else. */
  #refuseAliases(
    { kernel, bindings }: Call,
    physicals: readonly Physical[],
    externals: readonly GpuBuffer[],
  ): void {
    physicals.forEach((physical, j) => {
      const i = physicals.indexOf(physical);
      if (i === j || (kernel.bindings[i]!.access === "read" && kernel.bindings[j]!.access === "read")) return;
      const [first, second] = [i, j].map((k) => memoryKey(this.#plan.buffers[bindings[k]!.buffer]!));
      if (first === second) return;
      const { label } = externals.find((external) => external.physical === physical)!;
      throw new DeviceError(
        "run",
        `kernel "${kernel.label}" of plan "${this.#plan.label}" would read and write one buffer.`,
        {
          received: `"${label}" as two externals, one of them written`,
          expected: "a buffer of its own for every external that is written",
          fix: "copy one of the two values first",
        },
      );
    });
  }
}

function isSameMemory(serials: readonly number[], externals: readonly GpuBuffer[]): boolean {
  for (let i = 0; i < serials.length; i++) {
    if (serials[i] !== externals[i]!.physical.serial) return false;
  }
  return true;
}
