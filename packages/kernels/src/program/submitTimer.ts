/** @file Measures the GPU time of submits from outside, to cut long programs into several. */

/**
 * A page must stay alive and drivers have watchdogs: no submit should keep the GPU busy for longer
 * (milliseconds).
 */
const longestSubmit = 50;

/** The least of this many runs counts: a busy page sees completions late. */
const measuredRuns = 3;

/** When the queue of a device last became idle; shared by its programs, since they run one after another. */
export interface QueueClock {
  lastDone: number;
}

/** Decides into how many submits a program is cut. */
export class SubmitTimer {
  readonly #clock: QueueClock;
  #runs = 0;
  #least = Number.POSITIVE_INFINITY;
  /** Submits per run. */
  parts = 1;

  constructor(clock: QueueClock) {
    this.#clock = clock;
  }

  /**
   * Call right after a run was submitted: busy time = completion - max(submission, completion of the work
   * before).
   */
  measure(queue: GPUQueue): void {
    if (this.#runs === measuredRuns) return;
    const submitted = performance.now();
    queue.onSubmittedWorkDone().then(
      () => this.#record(submitted),
      () => {}, // A lost device is reported elsewhere.
    );
  }

  #record(submitted: number): void {
    const now = performance.now();
    this.#least = Math.min(this.#least, now - Math.max(submitted, this.#clock.lastDone));
    this.#clock.lastDone = now;
    if (++this.#runs >= measuredRuns) this.parts = Math.max(1, Math.ceil(this.#least / longestSubmit));
  }
}
