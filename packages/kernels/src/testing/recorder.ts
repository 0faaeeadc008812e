/** @file Counts the calls that really reach a GPUDevice, independently of the counters inside our device. */
import type { Counters } from "../device/counters.ts";

/** What can be seen from outside. */
export type RecordedCounts = Omit<Counters, "liveBytes" | "peakBytes">;

export interface GpuRecorder {
  /** Calls since `recordGpu`, or the last `reset`. */
  readonly counts: RecordedCounts;
  reset(): void;
}

/**
 * Wraps the methods of one GPUDevice, its queue and the encoders it makes. Call it before the device is
 * handed to `openWebGpu`.
 *
 * @example
 * const recorder = recordGpu(gpuDevice);
 * const device = await openWebGpu({ device: gpuDevice });
 * recorder.counts.submits;
 */
export function recordGpu(device: GPUDevice): GpuRecorder {
  const counts: RecordedCounts = zeros();
  const { queue } = device;
  wrap(device, "createBuffer", () => counts.buffersCreated++);
  wrap(device, "createBindGroup", () => counts.bindGroups++);
  wrap(device, "createComputePipelineAsync", () => counts.pipelines++);
  wrap(device, "createComputePipeline", () => counts.pipelines++);
  wrap(queue, "submit", () => counts.submits++);
  wrap(queue, "writeBuffer", (_args, args) => {
    counts.bytesWritten += writtenBytes(args);
  });
  wrap(device, "createCommandEncoder", (encoder) => watchEncoder(encoder, counts));
  return { counts, reset: () => Object.assign(counts, zeros()) };
}

function watchEncoder(encoder: GPUCommandEncoder, counts: RecordedCounts): void {
  wrap(encoder, "beginComputePass", (pass) => {
    counts.passes++;
    wrap(pass, "dispatchWorkgroups", () => counts.dispatches++);
    wrap(pass, "dispatchWorkgroupsIndirect", () => counts.dispatches++);
  });
  wrap(encoder, "copyBufferToBuffer", (_result, args) => {
    const [, , target, , bytes] = args as unknown as [GPUBuffer, number, GPUBuffer, number, number];
    if (target.usage & 1) counts.bytesRead += bytes; // 1 = GPUBufferUsage.MAP_READ
  });
}

/** Shadows one method by one that calls it and then `after`. */
function wrap<T extends object, K extends keyof T>(
  object: T,
  name: K,
  after: T[K] extends (...args: infer A) => infer R ? (result: R, args: A) => void : never,
): void {
  const method = object[name] as (...args: unknown[]) => unknown;
  const wrapped = (...args: unknown[]): unknown => {
    const result = method.apply(object, args);
    (after as (result: unknown, args: unknown[]) => void)(result, args);
    return result;
  };
  Object.defineProperty(object, name, { value: wrapped, configurable: true });
}

/** `writeBuffer` counts offset and size in elements of a typed array. */
function writtenBytes(args: readonly unknown[]): number {
  const [, , data, start = 0, size] = args as [unknown, unknown, ArrayBuffer | Uint8Array, number?, number?];
  const element = "BYTES_PER_ELEMENT" in data ? data.BYTES_PER_ELEMENT : 1;
  return size === undefined ? data.byteLength - start * element : size * element;
}

function zeros(): RecordedCounts {
  return {
    dispatches: 0,
    passes: 0,
    submits: 0,
    bindGroups: 0,
    buffersCreated: 0,
    pipelines: 0,
    bytesWritten: 0,
    bytesRead: 0,
  };
}
