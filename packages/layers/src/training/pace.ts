/** @file Pace: what a loop over batches waits for. */
import { throttle } from "@tenrec/tensor";

/** Milliseconds after which a loop that never had to wait gives the page (or the messages of a Worker) a turn. */
const turn = 50;

export class Pace {
  #last = performance.now();

  /** null while the device keeps up and the page had its turn lately; else a promise to await before the next step. */
  next(): Promise<void> | null {
    const room = throttle();
    const now = performance.now();
    if (!room && now - this.#last < turn) return null;
    this.#last = now;
    // On the cpu steps run within the loop: without a timer no event would be handled before the end.
    return room ?? new Promise((resolve) => setTimeout(resolve));
  }
}
