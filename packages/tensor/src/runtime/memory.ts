/** @file Memory of values: blocks (device buffers with an owner) and ranges in them. Blocks nobody reaches any more are freed by GC. */
import type { Device, DeviceBuffer } from "@tenrec/kernels";
import type { Stored } from "../graph/node.ts";

export type HostData = Float32Array | Int32Array | Uint32Array | Uint8Array | Int8Array;

/** A device buffer and what it is for. Freed once, either explicitly or when no value refers to it. */
export class Block {
  readonly buffer: DeviceBuffer;
  /** Holds variables one after another: their updates become one flat kernel. */
  readonly arena: boolean;
  /** The pool of the device that it lives on. */
  readonly pool: BlockPool;
  freed = false;

  constructor(pool: BlockPool, buffer: DeviceBuffer, arena: boolean) {
    this.pool = pool;
    this.buffer = buffer;
    this.arena = arena;
  }
}

/** Where one value lies. Host data waits here until its first use on the device. */
export class Memory implements Stored {
  readonly bytes: number;
  block: Block | null;
  offset: number;
  host: HostData | null;
  lost = false;

  constructor(bytes: number, block: Block | null, offset = 0, host: HostData | null = null) {
    this.bytes = bytes;
    this.block = block;
    this.offset = offset;
    this.host = host;
  }
}

/** Hands out blocks of one device and takes back those that became unreachable. */
export class BlockPool {
  readonly device: Device;
  // Per block, never per handle: GC returns memory, it never decides what is computed.
  readonly #registry: FinalizationRegistry<DeviceBuffer>;
  #closed = false;

  constructor(device: Device) {
    this.device = device;
    this.#registry = new FinalizationRegistry((buffer) => {
      if (!this.#closed) device.free(buffer);
    });
  }

  /** The device is gone; what GC finds later needs no freeing. */
  close(): void {
    this.#closed = true;
  }

  take(bytes: number, label: string, arena = false): Block {
    const block = new Block(this, this.device.alloc(Math.max(4, bytes), label), arena);
    this.#registry.register(block, block.buffer, block);
    return block;
  }

  give(block: Block): void {
    if (block.freed) return;
    block.freed = true;
    this.#registry.unregister(block);
    this.device.free(block.buffer);
  }
}
