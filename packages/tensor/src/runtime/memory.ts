/** @file Memory of values: blocks (device buffers with an owner) and ranges in them. Blocks nobody reaches any more are freed by GC. */
import type { Device, DeviceBuffer } from "@tenrec/kernels";
import { StaleTensor } from "../graph/errors.ts";
import { type Node, release, type Stored } from "../graph/node.ts";

export type HostData = Float32Array | Int32Array | Uint32Array | Uint8Array | Int8Array;

/** own: one value; shared: several, freed when GC finds all of them gone; arena: variables one after another, whose updates become one flat kernel; state: small variables, bound as one. */
export type BlockKind = "own" | "shared" | "arena" | "state";

/** A device buffer and what it is for. Freed once, either explicitly or when no value refers to it. */
export class Block {
  readonly buffer: DeviceBuffer;
  readonly kind: BlockKind;
  /** The pool of the device that it lives on. */
  readonly pool: BlockPool;
  freed = false;

  constructor(pool: BlockPool, buffer: DeviceBuffer, kind: BlockKind) {
    this.pool = pool;
    this.buffer = buffer;
    this.kind = kind;
  }
}

/** Where one value lies. Host data waits here until its first use on the device. */
export class Memory implements Stored {
  readonly bytes: number;
  block: Block | null;
  offset: number;
  host: HostData | null;
  lost = false;
  /** A variable's own memory outlives the tensors that were read from it. */
  isVariable = false;

  constructor(bytes: number, block: Block | null, offset = 0, host: HostData | null = null) {
    this.bytes = bytes;
    this.block = block;
    this.offset = offset;
    this.host = host;
  }

  /** Gives the memory back: the value is gone. */
  free(): void {
    if (this.isVariable || this.lost) return;
    this.lost = true;
    this.host = null;
    if (this.block?.kind === "own") this.block.pool.give(this.block);
    this.block = null;
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

  take(bytes: number, label: string, kind: BlockKind = "own"): Block {
    const block = this.lend(bytes, label, kind);
    this.#registry.register(block, block.buffer, block);
    return block;
  }

  /** A block that the taker holds on to until it gives it back: GC need not watch it. */
  lend(bytes: number, label: string, kind: BlockKind = "own"): Block {
    return new Block(this, this.device.alloc(Math.max(4, bytes), label), kind);
  }

  give(block: Block): void {
    if (block.freed) return;
    block.freed = true;
    this.#registry.unregister(block);
    this.device.free(block.buffer);
  }
}

/** Without handles and readers a value's memory goes back at once, or its inputs are let go. */
export function letGo(node: Node): void {
  if (node.handles > 0 || node.uses > 0) return;
  const memory = node.stored as Memory | null;
  if (memory) memory.free();
  else release(node);
}

/** A value that was asked for too late. */
export function recycled(): StaleTensor {
  return new StaleTensor("read", "the value is gone: its memory was given back.", {
    received:
      "a tensor that was disposed of, or depends on an old version of a variable that has been recycled.",
    expected: "a value read (or kept) before the variable was overwritten several times.",
    fix: "await its data earlier, or call keep() on it in the step that makes it.",
  });
}
