/** @file Measures single kernels on scratch memory, by timestamps of the GPU or, where it has none, by the wall clock. */
import { counts } from "../device/counters.ts";
import { paddedBytes } from "../device/sizeClass.ts";
import type { KernelTimer } from "../ir/device.ts";
import type { Call } from "../ir/plan.ts";
import type { PipelineCache } from "./pipelines.ts";
import { foldWorkgroups } from "./workgroups.ts";

/** What the timer takes of its device. */
export interface TimerHost {
  readonly gpu: GPUDevice;
  readonly pipelines: PipelineCache;
}

/** A sample lasts about so many milliseconds: browsers round timestamps to 0.1 ms, and a submit without timestamps costs 0.1 to 5 ms. */
const sampleMs = { "timestamp-query": 2, "wall time": 20 } as const;
const samples = 5;
const mostRepeats = 1000;
/** After one sample a form this much slower than the best is left out. */
const hopeless = 1.5;

/** A call with everything a launch needs. */
interface Prepared {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly grid: readonly [number, number];
  readonly buffers: readonly GPUBuffer[];
  repeats: number;
  readonly times: number[];
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.POSITIVE_INFINITY;

/** Two timestamps and the way they come back. */
class Stopwatch {
  readonly #gpu: GPUDevice;
  readonly #set: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #staging: GPUBuffer;

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
    this.#set = gpu.createQuerySet({ type: "timestamp", count: 2 });
    // QUERY_RESOLVE | COPY_SRC; MAP_READ | COPY_DST
    this.#resolved = gpu.createBuffer({ size: 16, usage: 0x200 | 0x4 });
    this.#staging = gpu.createBuffer({ size: 16, usage: 0x1 | 0x8 });
  }

  get writes(): GPUComputePassTimestampWrites {
    return { querySet: this.#set, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
  }

  /** Milliseconds between the two, of the pass encoded before. */
  async submit(encoder: GPUCommandEncoder): Promise<number> {
    encoder.resolveQuerySet(this.#set, 0, 2, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#staging, 0, 16);
    this.#gpu.queue.submit([encoder.finish()]);
    await this.#staging.mapAsync(1);
    const [begin = 0n, end = 0n] = new BigUint64Array(this.#staging.getMappedRange());
    const nanoseconds = Number(end - begin);
    this.#staging.unmap();
    return nanoseconds / 1e6;
  }
}

export class GpuKernelTimer implements KernelTimer {
  readonly identity: string;
  readonly clock: "timestamp-query" | "wall time";
  readonly #host: TimerHost;
  readonly #stopwatch: Stopwatch | null;
  /** Milliseconds of a submit that does nothing, where the wall clock measures. */
  #overhead: number | null = null;

  constructor(host: TimerHost) {
    this.#host = host;
    const hasTimestamps = host.gpu.features.has("timestamp-query");
    this.clock = hasTimestamps ? "timestamp-query" : "wall time";
    this.#stopwatch = hasTimestamps ? new Stopwatch(host.gpu) : null;
    this.identity = identityOf(host.gpu.adapterInfo);
  }

  async compare(calls: readonly Call[]): Promise<number[]> {
    const prepared = await Promise.all(calls.map((call) => this.#prepare(call).catch(() => null)));
    const running = prepared.filter((each) => each !== null);
    for (const each of running) await this.#calibrate(each);
    for (const each of running) each.times.push(await this.#sample(each));
    const best = Math.min(...running.map(({ times }) => times[0] as number));
    const hopeful = running.filter(
      (each) => each === prepared[0] || (each.times[0] as number) <= hopeless * best,
    );
    for (let sample = 1; sample < samples; sample++)
      for (const each of hopeful) each.times.push(await this.#sample(each));
    for (const { buffers } of running) for (const buffer of buffers) buffer.destroy();
    return prepared.map((each) =>
      each && hopeful.includes(each) ? median(each.times) : Number.POSITIVE_INFINITY,
    );
  }

  /** Memory of its own, so that no work that waits is touched; zeros will do, since no loop's length depends on what is loaded. */
  async #prepare(call: Call): Promise<Prepared> {
    const { gpu, pipelines } = this.#host;
    const entry = pipelines.get(call);
    const pipeline = await entry.ready;
    const buffers = call.bindings.map(({ bytes }) => this.#create(bytes, 0x80)); // STORAGE
    if (call.params.length > 0) {
      const params = this.#create(call.params.byteLength, 0x40 | 0x8); // UNIFORM | COPY_DST
      gpu.queue.writeBuffer(params, 0, call.params as Uint32Array<ArrayBuffer>);
      buffers.push(params);
    }
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    const group = gpu.createBindGroup({ layout: entry.layout, entries });
    const grid = foldWorkgroups(call.workgroups, gpu.limits.maxComputeWorkgroupsPerDimension);
    return { pipeline, group, grid, buffers, repeats: 1, times: [] };
  }

  #create(bytes: number, usage: number): GPUBuffer {
    counts.buffersCreated++;
    return this.#host.gpu.createBuffer({ size: paddedBytes(bytes), usage, label: "tuning" });
  }

  /** As many launches a sample as it takes to be measurable; the first of all is not counted, it may still compile. */
  async #calibrate(each: Prepared): Promise<void> {
    const wanted = sampleMs[this.clock];
    await this.#elapsed(each);
    for (;;) {
      const elapsed = await this.#elapsed(each);
      if (elapsed >= wanted / 2 || each.repeats === mostRepeats) return;
      const factor = Math.min(16, Math.ceil(wanted / Math.max(elapsed, wanted / 16)));
      each.repeats = Math.min(mostRepeats, each.repeats * factor);
    }
  }

  async #sample(each: Prepared): Promise<number> {
    return (await this.#elapsed(each)) / each.repeats;
  }

  async #elapsed({ pipeline, group, grid, repeats }: Prepared): Promise<number> {
    const { gpu } = this.#host;
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass(this.#stopwatch ? { timestampWrites: this.#stopwatch.writes } : {});
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let i = 0; i < repeats; i++) pass.dispatchWorkgroups(...grid);
    pass.end();
    if (this.#stopwatch) return this.#stopwatch.submit(encoder);
    this.#overhead ??= await this.#emptySubmit();
    return Math.max(0, (await this.#wall(encoder)) - this.#overhead);
  }

  async #wall(encoder: GPUCommandEncoder): Promise<number> {
    const { queue } = this.#host.gpu;
    const commands = encoder.finish();
    const start = performance.now();
    queue.submit([commands]);
    await queue.onSubmittedWorkDone();
    return performance.now() - start;
  }

  async #emptySubmit(): Promise<number> {
    const times: number[] = [];
    for (let i = 0; i < samples; i++) times.push(await this.#wall(this.#host.gpu.createCommandEncoder()));
    return median(times);
  }
}

/** Names the adapter; browsers hide the driver, but change with it what they compile: their version stands for it. */
function identityOf(info: GPUAdapterInfo): string {
  const { vendor, architecture, device, description } = info;
  const driver = (info as { readonly driver?: string }).driver;
  const host = globalThis.navigator?.userAgent ?? "";
  return [vendor, architecture, device, description, driver, host].filter(Boolean).join(" | ");
}
