/**
 * @file Reads of GPU memory through reusable mapped buffers; any number may be in flight and each resolves by
 * itself.
 */
import { counts } from "./counters.ts";
import type { BufferPool, GpuBuffer } from "./pool.ts";
import { roundUp } from "./sizeClass.ts";

export class Readback {
  readonly #gpu: GPUDevice;
  readonly #pool: BufferPool;

  constructor(gpu: GPUDevice, pool: BufferPool) {
    this.#gpu = gpu;
    this.#pool = pool;
  }

  /** Copies now, in queue order; resolves when the bytes are here. */
  async read(buffer: GpuBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    // Copies are made of whole words.
    const start = offset - (offset % 4);
    const size = roundUp(offset + bytes - start, 4);
    const staging = this.#pool.take(size, "staging", "staging");
    const encoder = this.#gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer.physical.gpu, start, staging.physical.gpu, 0, size);
    this.#gpu.queue.submit([encoder.finish()]);
    counts.submits++;
    counts.bytesRead += bytes;
    await staging.physical.gpu.mapAsync(1, 0, size); // 1 = GPUMapMode.READ
    const data = staging.physical.gpu.getMappedRange(0, size).slice(offset - start, offset - start + bytes);
    staging.physical.gpu.unmap();
    this.#pool.give(staging);
    return data;
  }
}
