/**
 * @file A Plan on a GPU device: pipelines, uniforms and bind groups made once, then replayed by a tight loop.
 */
import { counts } from "../device/counters.ts";
import { internal } from "../device/errors.ts";
import type { BufferPool, GpuBuffer } from "../device/pool.ts";
import { paddedBytes } from "../device/sizeClass.ts";
import type { Program } from "../ir/device.ts";
import type { Plan, PlanCopy } from "../ir/plan.ts";
import { BindGroups } from "./bindGroups.ts";
import { type FlatPlan, flattenPlan } from "./flatten.ts";
import type { PipelineCache, PipelineEntry } from "./pipelines.ts";
import { countsWord, makeCounts } from "./predicate.ts";
import { type QueueClock, SubmitTimer } from "./submitTimer.ts";
import { blockStride, Uniforms } from "./uniforms.ts";
import { verifyPlan } from "./verify.ts";
import { foldWorkgroups } from "./workgroups.ts";
import type { Workspace } from "./workspace.ts";

/** What programs share. */
export interface ProgramHost {
  readonly gpu: GPUDevice;
  readonly pool: BufferPool;
  readonly workspace: Workspace;
  readonly pipelines: PipelineCache;
  /** Set where long programs are cut into several submits. */
  readonly clock: QueueClock | null;
  /** Runs `operation` in queue order. */
  defer(operation: () => void): void;
}

export class GpuProgram implements Program {
  readonly plan: Plan;
  ready: Promise<void> = Promise.resolve();
  /** Its pipelines and its memory are there, or will never be (`failure`). */
  settled = false;
  failure: Error | null = null;
  disposed = false;
  #isReleased = false;
  readonly #host: ProgramHost;
  readonly #uniforms: Uniforms;
  readonly #bindGroups: BindGroups;
  readonly #entries: readonly PipelineEntry[];
  /** Filled once all are built, so that replay reads an array. */
  #pipelines: readonly GPUComputePipeline[] = [];
  /** Workgroups in x and y of each call. */
  readonly #grid: Uint32Array;
  /** The call of each launch, and the dynamic offset of its params. */
  readonly #launches: Uint32Array;
  readonly #offsets: Uint32Array;
  /** Where each call's workgroup counts stand in `#counts`, or `fixed`. */
  readonly #indirect: Uint32Array;
  /** 1 for calls whose params are chosen by a dynamic offset. */
  readonly #moving: Uint8Array;
  readonly #counts: GpuBuffer | null;
  readonly #externalBytes: Float64Array;
  readonly #resultBytes: Float64Array;
  readonly #timer: SubmitTimer | null;

  constructor(host: ProgramHost, plan: Plan) {
    verifyPlan(plan, host.gpu.limits);
    this.#host = host;
    this.plan = plan;
    const flat = flattenPlan(plan);
    const calls = flat.calls.map(({ call }) => call);
    this.#moving = Uint8Array.from(flat.calls, ({ loops }) => (loops.length > 0 ? 1 : 0));
    this.#entries = calls.map((call, i) => host.pipelines.get(call, this.#moving[i] === 1));
    this.#launches = flat.launches;
    this.#offsets = flat.launches.map((call, i) => flat.blocks[i]! * blockStride(flat.calls[call]!));
    this.#indirect = indirectOffsets(flat);
    const maxWorkgroups = host.gpu.limits.maxComputeWorkgroupsPerDimension;
    const grids = calls.map(({ workgroups }) => foldWorkgroups(workgroups, maxWorkgroups));
    this.#grid = Uint32Array.from(grids.flat());
    this.#externalBytes = externalBytes(plan);
    this.#resultBytes = resultBytes(plan);
    this.#timer = host.clock && new SubmitTimer(host.clock);
    host.workspace.retain(plan);
    this.#uniforms = new Uniforms(flat.calls, host.pool, host.gpu.queue, plan.label);
    const predicated = predicatedGrids(flat, grids);
    this.#counts = makeCounts(host.pool, host.gpu.queue, flat.numPredicates, predicated, plan.label);
    const bound = calls.map((call, i) => ({ call, layout: this.#entries[i]!.layout }));
    this.#bindGroups = new BindGroups(host.gpu, plan, bound, this.#uniforms, host.workspace, this.#counts);
  }

  /**
   * Settles at once where every pipeline is known and little memory was asked for, so that a cached kernel never makes the queue wait. `made`:
   * what becomes of new memory, without which the program fails while the device goes on.
   */
  settle(made: Promise<void> | null): void {
    const isBuilt = this.#entries.every((entry) => entry.pipeline);
    if (isBuilt && !made) {
      this.#finish();
      return;
    }
    made?.catch((error: unknown) => this.#fail(error));
    const built = this.#entries.map((entry) => entry.ready);
    this.ready = Promise.all([made, ...built]).then(
      () => this.#finish(),
      (error: unknown) => {
        this.#fail(error);
        throw this.failure;
      },
    );
    this.ready.catch(() => {}); // Seen by reads behind a run; `ready` itself may have no listener.
  }

  /** It will never run: others have its memory again at once. */
  #fail(error: unknown): void {
    if (this.failure) return;
    this.failure = error instanceof Error ? error : new Error(String(error));
    this.settled = true;
    this.#release();
  }

  #finish(): void {
    this.#pipelines = this.#entries.map((entry) => entry.pipeline!);
    this.settled = true;
  }

  /** Throws where externals, results or scalars do not fit the plan. Allocates nothing. */
  check(externals: readonly GpuBuffer[], results: readonly GpuBuffer[], scalars: Uint32Array): void {
    if (this.disposed) throw internal(`program "${this.plan.label}" was run after dispose.`);
    this.#checkBuffers("externals", externals, this.#externalBytes);
    this.#checkBuffers("results", results, this.#resultBytes);
    if (scalars.length < this.plan.numScalars) {
      throw internal(
        `"${this.plan.label}" was run with ${scalars.length} of ${this.plan.numScalars} scalars.`,
      );
    }
  }

  /** Makes the bind groups for these externals. */
  bind(externals: readonly GpuBuffer[]): void {
    this.#checkBuffers("externals", externals, this.#externalBytes);
    this.#bindGroups.get(externals);
  }

  /**
   * Encodes one run, after what is encoded already: one pass, and nothing is submitted yet, unless it has been measured to be long
   * (`cutSubmits`). Gives the encoder to `submit`.
   */
  encode(
    before: GPUCommandEncoder | null,
    externals: readonly GpuBuffer[],
    results: readonly GpuBuffer[],
    scalars: Uint32Array,
  ): GPUCommandEncoder {
    const { gpu } = this.#host;
    const numLaunches = this.#launches.length;
    const groups = this.#bindGroups.get(externals);
    this.#uniforms.patch(scalars);
    let encoder = before ?? gpu.createCommandEncoder();
    const parts = Math.min(this.#timer?.parts ?? 1, numLaunches);
    for (let part = 0; part < parts; part++) {
      if (part > 0) encoder = this.#cut(encoder);
      const start = Math.floor((numLaunches * part) / parts);
      this.#encodeCalls(encoder, groups, start, Math.floor((numLaunches * (part + 1)) / parts));
    }
    for (const copy of this.plan.copies) this.#encodeCopy(encoder, copy, externals, results);
    return encoder;
  }

  /** Submits the end of a run. */
  submit(encoder: GPUCommandEncoder): void {
    const { queue } = this.#host.gpu;
    queue.submit([encoder.finish()]);
    counts.submits++;
    this.#timer?.measure(queue);
  }

  /** Gives back what the program holds, after the runs before it. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.#host.defer(() => this.#release());
  }

  #release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#host.workspace.release(this.plan);
    if (this.#uniforms.buffer) this.#host.pool.give(this.#uniforms.buffer);
    if (this.#counts) this.#host.pool.give(this.#counts);
  }

  /** Submits a part of a run and returns the encoder of the next. */
  #cut(encoder: GPUCommandEncoder): GPUCommandEncoder {
    this.#host.gpu.queue.submit([encoder.finish()]);
    counts.submits++;
    return this.#host.gpu.createCommandEncoder();
  }

  #encodeCalls(
    encoder: GPUCommandEncoder,
    groups: readonly GPUBindGroup[],
    start: number,
    end: number,
  ): void {
    const pipelines = this.#pipelines;
    const launches = this.#launches;
    const moving = this.#moving;
    const pass = encoder.beginComputePass();
    let current: GPUComputePipeline | null = null;
    for (let i = start; i < end; i++) {
      const call = launches[i]!;
      const pipeline = pipelines[call]!;
      if (pipeline !== current) pass.setPipeline(pipeline);
      current = pipeline;
      if (moving[call] === 0) pass.setBindGroup(0, groups[call]!);
      else pass.setBindGroup(0, groups[call]!, this.#offsets, i, 1);
      this.#dispatch(pass, call);
    }
    pass.end();
    counts.passes++;
    counts.dispatches += end - start;
  }

  #dispatch(pass: GPUComputePassEncoder, call: number): void {
    const grid = this.#grid;
    const indirect = this.#indirect[call]!;
    if (indirect === fixed) pass.dispatchWorkgroups(grid[2 * call]!, grid[2 * call + 1]!);
    else pass.dispatchWorkgroupsIndirect(this.#counts!.physical.gpu, indirect);
  }

  #encodeCopy(
    encoder: GPUCommandEncoder,
    { from, fromOffset, to, bytes }: PlanCopy,
    externals: readonly GpuBuffer[],
    results: readonly GpuBuffer[],
  ): void {
    if (bytes === 0) return;
    const source = this.#gpuBuffer(from, externals);
    const target = "result" in to ? results[to.result]!.physical.gpu : this.#gpuBuffer(to.buffer, externals);
    encoder.copyBufferToBuffer(source, fromOffset, target, to.offset, bytes);
  }

  #gpuBuffer(index: number, externals: readonly GpuBuffer[]): GPUBuffer {
    const buffer = this.plan.buffers[index]!;
    if (buffer.kind === "external") return externals[buffer.index]!.physical.gpu;
    return this.#host.workspace.physical(buffer.slot).gpu;
  }

  #checkBuffers(what: string, buffers: readonly GpuBuffer[], bytes: ArrayLike<number>): void {
    if (buffers.length !== bytes.length) {
      throw internal(`"${this.plan.label}" was run with ${buffers.length} of ${bytes.length} ${what}.`);
    }
    for (let i = 0; i < bytes.length; i++) {
      const { label, bytes: has } = buffers[i]!;
      const owned = this.#host.pool.owns(buffers[i]!);
      if (owned && has >= bytes[i]!) continue;
      const fault = owned ? `has ${has} of ${bytes[i]} bytes` : "was freed or belongs to another device";
      throw internal(`"${label}", number ${i} of the ${what} of "${this.plan.label}", ${fault}.`);
    }
  }
}

/** Byte offset of a call that always runs. */
const fixed = 0xffffffff;

function indirectOffsets({ calls, numPredicates }: FlatPlan): Uint32Array {
  return Uint32Array.from(calls, ({ predicated }) =>
    predicated === null ? fixed : 4 * countsWord(numPredicates, predicated),
  );
}

/** Grids of the calls inside branches, in the order of their numbers. */
function predicatedGrids<Grid>({ calls }: FlatPlan, grids: readonly Grid[]): Grid[] {
  const found: Grid[] = [];
  calls.forEach(({ predicated }, i) => {
    if (predicated !== null) found[predicated] = grids[i]!;
  });
  return found;
}

function externalBytes(plan: Plan): Float64Array {
  const bytes = new Float64Array(plan.numExternals);
  for (const buffer of plan.buffers) {
    if (buffer.kind === "external")
      bytes[buffer.index] = Math.max(bytes[buffer.index]!, paddedBytes(buffer.bytes));
  }
  return bytes;
}

function resultBytes(plan: Plan): Float64Array {
  const bytes = new Float64Array(plan.numResults);
  for (const { to, bytes: copied } of plan.copies) {
    if ("result" in to) bytes[to.result] = Math.max(bytes[to.result]!, to.offset + copied);
  }
  return bytes;
}
