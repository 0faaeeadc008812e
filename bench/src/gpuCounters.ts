// Counts what a page asks of WebGPU by wrapping the prototypes, before any library is loaded and for all alike.

import type { PageCounters } from "./types.ts";

export interface GpuCounts {
  dispatches: number;
  passes: number;
  submits: number;
  bindGroups: number;
  buffersCreated: number;
  pipelines: number;
  bytesWritten: number;
  readbacks: number;
}

export interface GpuCounters extends PageCounters {
  read(): GpuCounts & { liveBytes: number; peakBytes: number } & Record<string, number>;
  /** Uncaptured GPU errors and lost devices since the page was opened. */
  readonly errors: readonly string[];
}

type AnyFunction = (...args: never[]) => unknown;
type Observe = (result: unknown, args: unknown[], self: unknown) => void;

function wrap(prototype: object, name: string, observe: Observe): void {
  const methods = prototype as Record<string, AnyFunction | undefined>;
  const original = methods[name];
  if (original === undefined) return;
  methods[name] = function (this: unknown, ...args: unknown[]) {
    const result = (original as (...all: unknown[]) => unknown).apply(this, args);
    observe(result, args, this);
    return result;
  };
}

function byteLengthWritten(args: unknown[]): number {
  const [, , data, dataOffset = 0, size] = args as [
    unknown,
    number,
    ArrayBufferLike | ArrayBufferView,
    number?,
    number?,
  ];
  const elementBytes = (data as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1;
  return size === undefined ? data.byteLength - dataOffset * elementBytes : size * elementBytes;
}

const noCounts = (): GpuCounts => ({
  dispatches: 0,
  passes: 0,
  submits: 0,
  bindGroups: 0,
  buffersCreated: 0,
  pipelines: 0,
  bytesWritten: 0,
  readbacks: 0,
});

/** Installs the wrappers and returns the running totals. */
export function installGpuCounters(): GpuCounters {
  const counts = noCounts();
  const errors: string[] = [];
  let liveBytes = 0;
  let peakBytes = 0;
  const destroyed = new WeakSet<GPUBuffer>();

  wrap(GPUAdapter.prototype, "requestDevice", (result) => watchDevice(result as Promise<GPUDevice>, errors));
  wrap(GPUDevice.prototype, "createBuffer", (result) => {
    const buffer = result as GPUBuffer;
    counts.buffersCreated++;
    if (buffer.mapState === "mapped") counts.bytesWritten += buffer.size;
    liveBytes += buffer.size;
    peakBytes = Math.max(peakBytes, liveBytes);
  });
  wrap(GPUBuffer.prototype, "destroy", (_, __, self) => {
    const buffer = self as GPUBuffer;
    if (destroyed.has(buffer)) return;
    destroyed.add(buffer);
    liveBytes -= buffer.size;
  });
  wrap(GPUBuffer.prototype, "mapAsync", (_, [mode]) => {
    if (mode === GPUMapMode.READ) counts.readbacks++;
  });
  wrap(GPUDevice.prototype, "createBindGroup", () => counts.bindGroups++);
  wrap(GPUDevice.prototype, "createComputePipeline", () => counts.pipelines++);
  wrap(GPUDevice.prototype, "createComputePipelineAsync", () => counts.pipelines++);
  wrap(GPUCommandEncoder.prototype, "beginComputePass", () => counts.passes++);
  wrap(GPUComputePassEncoder.prototype, "dispatchWorkgroups", () => counts.dispatches++);
  wrap(GPUComputePassEncoder.prototype, "dispatchWorkgroupsIndirect", () => counts.dispatches++);
  wrap(GPUQueue.prototype, "submit", () => counts.submits++);
  wrap(GPUQueue.prototype, "writeBuffer", (_, args) => {
    counts.bytesWritten += byteLengthWritten(args);
  });
  return { read: () => ({ ...counts, liveBytes, peakBytes }), errors };
}

function watchDevice(promise: Promise<GPUDevice>, errors: string[]): void {
  void promise.then(
    (device) => {
      device.addEventListener("uncapturederror", (event) => errors.push(event.error.message));
      void device.lost.then((info) => {
        if (info.reason !== "destroyed") errors.push(`device lost: ${info.message}`);
      });
    },
    () => undefined,
  );
}
