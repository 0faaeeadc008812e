/** @file Back-pressure for loops that queue work without awaiting it. */

/** Counts marks in the queue that the device has not reached yet. */
export class Throttle {
  readonly #pending: Promise<void>[] = [];

  /**
   * Sets a mark behind all queued work. Null while at most `ahead` marks are unreached; otherwise a promise
   * for the oldest of them. `done` gives a promise for the work queued so far.
   */
  mark(ahead: number, done: () => Promise<unknown>): Promise<void> | null {
    const remove = (): void => {
      this.#pending.splice(this.#pending.indexOf(reached), 1);
    };
    // A failed device holds nobody up: the next read tells.
    const reached: Promise<void> = done().then(remove, remove);
    this.#pending.push(reached);
    return this.#pending.length > ahead ? this.#pending[0]! : null;
  }
}
