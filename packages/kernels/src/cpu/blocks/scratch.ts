/** @file Scratch memory of a device, shared by all kernels: they run one after another. */

/** Names of the areas that one kernel may use at a time. */
type ScratchArea = "a" | "b" | "c" | "sums" | "row" | "packedA" | "packedB" | `input${number}`;

export class Scratch {
  readonly #areas = new Map<ScratchArea, ArrayBuffer>();

  /** At least `bytes` bytes; earlier users of the area keep their own view of it when it grows. */
  take(area: ScratchArea, bytes: number): ArrayBuffer {
    const known = this.#areas.get(area);
    if (known && known.byteLength >= bytes) return known;
    const made = new ArrayBuffer(Math.ceil(bytes / 64) * 64);
    this.#areas.set(area, made);
    return made;
  }
}
