/** @file The ordered queue of a device with the promises that hang on it: what fails or disposes of the device rejects them all. */
import { type Gate, OrderedQueue } from "./orderedQueue.ts";

/** An outstanding promise of the device. */
interface Ticket {
  readonly reject: (error: Error) => void;
}

export class DeviceQueue {
  /** Resolves with the error that ended the device. */
  readonly lost: Promise<Error>;
  readonly #order = new OrderedQueue();
  readonly #tickets = new Set<Ticket>();
  #failure: Error | null = null;
  #disposed: Error | null = null;
  #resolveLost: (error: Error) => void = () => {};

  constructor() {
    this.lost = new Promise((resolve) => {
      this.#resolveLost = resolve;
    });
  }

  /** The error that ended the device, if any. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Why nothing can be computed any more, if so. */
  get ended(): Error | null {
    return this.#disposed ?? this.#failure;
  }

  get disposed(): boolean {
    return this.#disposed !== null;
  }

  /** Nothing waits: what is asked for now may be done at once. */
  get empty(): boolean {
    return this.#order.empty;
  }

  /** At once where nothing waits, else behind what waits. A device that has ended takes no more work. */
  inOrder(execute: () => void): void {
    if (this.ended) return;
    if (this.#order.empty) execute();
    else this.#order.push(null, execute);
  }

  /** Behind what waits, once `gate` is settled. */
  behind(gate: Gate, execute: () => void): void {
    if (!this.ended) this.#order.push(gate, execute);
  }

  /** The promise of `start`, called in queue order; the end of the device rejects it. */
  promise<T>(start: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.ended) {
        reject(this.ended);
        return;
      }
      const ticket: Ticket = { reject };
      this.#tickets.add(ticket);
      this.inOrder(() => {
        start()
          .then(resolve, reject)
          .finally(() => this.#tickets.delete(ticket));
      });
    });
  }

  /** Goes on when `ready` has settled, as a gate then has. */
  drainAfter(ready: Promise<void>): void {
    const drain = (): void => this.#drain();
    ready.then(drain, drain);
  }

  /** Does what no longer has to wait. */
  #drain(): void {
    try {
      this.#order.drain();
    } catch (error) {
      this.fail(error as Error);
    }
  }

  fail(error: Error): void {
    if (this.ended) return;
    this.#failure = error;
    this.#rejectAll(error);
    this.#resolveLost(error);
  }

  /** Ends the device on purpose: `error` is what whoever still waits is told. */
  dispose(error: Error): void {
    this.#disposed = error;
    this.#rejectAll(error);
  }

  #rejectAll(error: Error): void {
    this.#order.clear();
    for (const ticket of this.#tickets) ticket.reject(error);
    this.#tickets.clear();
  }
}
