/** @file What is true of threads unless options say otherwise, and what the ring of tests with threads makes of it. */

export interface ThreadDefaults {
  /** Of a device whose options name none. */
  readonly threads: number;
  /** The module of their Workers; null: the one beside this library. */
  readonly workerUrl: URL | null;
  /** Vector operations from which on a step is shared, and those that a chunk has at least: handing out less costs more than it gains. */
  readonly smallestStep: number;
  readonly chunkCost: number;
}

const usual: ThreadDefaults = { threads: 1, workerUrl: null, smallestStep: 50_000, chunkCost: 25_000 };

let current = usual;

export function threadDefaults(): ThreadDefaults {
  return current;
}

/** For tests: devices opened and programs compiled from now on go by this in place of the usual, until null. */
export function pretendThreads(defaults: Partial<ThreadDefaults> | null): void {
  current = { ...usual, ...defaults };
}
