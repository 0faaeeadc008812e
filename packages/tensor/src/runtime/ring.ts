/** @file Old versions of overwritten variables: kept for pending readers within a byte budget, oldest recycled first. */
import type { Node } from "../graph/node.ts";
import { type BlockPool, Memory } from "./memory.ts";

const megabyte = 1 << 20;

interface VersionEntry {
  readonly memory: Memory;
  readonly flush: number;
}

/** Budget: the copies of the last 2 flushes always, and up to 4 MB of the last 4. */
export class VersionRing {
  /** Upper bound in bytes for versions older than two flushes. */
  budgetBytes: number = 4 * megabyte;
  readonly #pool: BlockPool;
  #entries: VersionEntry[] = [];
  #bytes = 0;

  constructor(pool: BlockPool) {
    this.#pool = pool;
  }

  /** Moves the value of `leaf` out of `from` by a copy queued before the overwriting program. */
  save(leaf: Node, from: Memory, flush: number): void {
    if (!from.block) return;
    const block = this.#pool.lend(from.bytes, "version");
    this.#pool.device.copy(from.block.buffer, from.offset, block.buffer, 0, Math.ceil(from.bytes / 4) * 4);
    const memory = new Memory(from.bytes, block);
    leaf.stored = memory;
    this.#entries.push({ memory, flush });
    this.#bytes += memory.bytes;
  }

  /** Recycles what is over budget; after the program that could still read it has been queued. */
  trim(flush: number): void {
    while (this.#entries.length > 0) {
      const oldest = this.#entries[0] as VersionEntry;
      const age = flush - oldest.flush;
      if (age < 2 || (age < 4 && this.#bytes <= this.budgetBytes)) return;
      this.#entries.shift();
      this.#bytes -= oldest.memory.bytes;
      oldest.memory.lost = true;
      if (oldest.memory.block) this.#pool.give(oldest.memory.block);
      oldest.memory.block = null;
    }
  }
}
