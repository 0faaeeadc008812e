/** @file Keeps operations in call order while the pipelines of an earlier program are still being built. */

/** What an operation may have to wait for; `settled` turns true once. */
export interface Gate {
  readonly settled: boolean;
}

interface Waiting {
  readonly gate: Gate | null;
  readonly execute: () => void;
}

/**
 * Operations behind a closed gate. Empty nearly always: then operations go straight through and cost nothing
 * here.
 */
export class OrderedQueue {
  #waiting: Waiting[] = [];
  #head = 0;

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  push(gate: Gate | null, execute: () => void): void {
    this.#waiting.push({ gate, execute });
  }

  /** Executes from the front up to the first closed gate. Called whenever a gate opens. */
  drain(): void {
    while (this.#head < this.#waiting.length) {
      const { gate, execute } = this.#waiting[this.#head]!;
      if (gate && !gate.settled) return;
      this.#head++;
      execute();
    }
    this.clear();
  }

  clear(): void {
    this.#waiting = [];
    this.#head = 0;
  }
}
