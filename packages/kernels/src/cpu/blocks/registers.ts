/** @file Registers of the block machine: short typed arrays that every scalar step reads and writes. */
import { blockSize } from "../nest.ts";
import { type Kind, Slot, type Words } from "../slot.ts";

function newRegister(kind: Kind): Slot<Words> {
  if (kind === "f") return new Slot(new Float32Array(blockSize));
  return new Slot(kind === "i" ? new Int32Array(blockSize) : new Uint32Array(blockSize));
}

/**
 * Hands out registers. Kernels run one after another, so all of them share the same arrays: the pool is as large as the
 * longest kernel. Constants are interned and filled once.
 */
export class RegisterPool {
  readonly #made: Record<Kind, Slot<Words>[]> = { f: [], i: [], u: [] };
  readonly #used: Record<Kind, number> = { f: 0, i: 0, u: 0 };
  readonly #constants = new Map<string, Slot<Words>>();
  readonly #lanes: Slot<Float64Array>[] = [];
  #usedLanes = 0;

  /** Starts a new kernel: every register may be handed out again. */
  restart(): void {
    this.#used.f = this.#used.i = this.#used.u = this.#usedLanes = 0;
  }

  take(kind: Kind): Slot<Words> {
    const list = this.#made[kind];
    const register = list[this.#used[kind]] ?? newRegister(kind);
    list[this.#used[kind]++] = register;
    return register;
  }

  /** A float64 register: the accumulators of a reduction. */
  takeLanes(): Slot<Float64Array> {
    const register = this.#lanes[this.#usedLanes] ?? new Slot(new Float64Array(blockSize));
    this.#lanes[this.#usedLanes++] = register;
    return register;
  }

  /** A register that holds `value` in every lane and is never written again. */
  constant(kind: Kind, value: number): Slot<Words> {
    const key = `${kind}${Object.is(value, -0) ? "-0" : value}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const made = newRegister(kind);
    made.data.fill(value);
    this.#constants.set(key, made);
    return made;
  }
}
