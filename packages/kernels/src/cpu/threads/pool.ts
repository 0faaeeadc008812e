/** @file The threads of a device: publishes steps, takes chunks itself, and waits for those that Workers took. */
import { internal } from "../../device/errors.ts";
import { giveMemory, type LinearMemory, takeSharedMemory } from "../linearMemory.ts";
import { chunkOf, closed, controlBytes, type Message, type StepFunction, word } from "./control.ts";
import { type Spawned, spawn, whyNoThreads } from "./spawn.ts";

/** A function of a program, over units in chunks. */
export interface Step {
  readonly program: number;
  readonly number: number;
  readonly units: number;
  readonly chunkUnits: number;
  readonly chunks: number;
  /** The function in this thread. */
  readonly run: StepFunction;
}

export class ThreadPool {
  /** Threads with that of the device. */
  readonly count: number;
  readonly memory: LinearMemory;
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #workers: readonly Spawned[];
  #sequence = 0;
  #programs = 0;

  constructor(memory: LinearMemory, control: Int32Array<SharedArrayBuffer>, workers: readonly Spawned[]) {
    this.memory = memory;
    this.#control = control;
    this.#workers = workers;
    this.count = workers.length + 1;
  }

  /** Hands a program to all threads; returns its number. */
  add(module: WebAssembly.Module): number {
    const program = ++this.#programs;
    this.#post({ type: "add", program, module });
    return program;
  }

  drop(program: number): void {
    this.#post({ type: "drop", program });
  }

  /** Runs all chunks of a step and returns when they are done, whoever ran them. */
  run(step: Step, call: number): void {
    const control = this.#control;
    // The claim is closed: no Worker reads these words in earnest.
    control[word.program] = step.program;
    control[word.function] = step.number;
    control[word.call] = call;
    control[word.units] = step.units;
    control[word.chunkUnits] = step.chunkUnits;
    control[word.chunks] = step.chunks;
    control[word.done] = 0;
    const open = this.#nextSequence();
    Atomics.store(control, word.claim, open);
    this.#wake();
    let own = 0;
    try {
      for (let claim = open; chunkOf(claim) < step.chunks; ) {
        const found = Atomics.compareExchange(control, word.claim, claim, claim + 1);
        if (found !== claim) {
          claim = found;
          continue;
        }
        own++;
        const begin = chunkOf(claim) * step.chunkUnits;
        step.run(call, begin, Math.min(begin + step.chunkUnits, step.units), 0);
        claim = Atomics.load(control, word.claim);
      }
    } finally {
      this.#finish(open, own);
    }
  }

  dispose(): void {
    for (const worker of this.#workers) worker.stop();
  }

  /** Closes the claim, then waits for the chunks that Workers have taken. A page's own thread may only spin. */
  #finish(open: number, own: number): void {
    const control = this.#control;
    const taken = chunkOf(Atomics.exchange(control, word.claim, open | closed)) - own;
    while (Atomics.load(control, word.done) !== taken);
    if (Atomics.exchange(control, word.failed, 0) !== 0) throw internal("a thread of the cpu has failed.");
  }

  #nextSequence(): number {
    return ++this.#sequence << 8;
  }

  #wake(): void {
    if (Atomics.load(this.#control, word.sleepers) > 0) Atomics.notify(this.#control, word.claim);
  }

  /** Workers only see messages when they leave their loop, so they are told to. */
  #post(message: Message): void {
    // Counted first: a Worker that took the message before it was counted would miss the next.
    Atomics.add(this.#control, word.messages, 1);
    Atomics.store(this.#control, word.claim, this.#nextSequence() | closed);
    this.#wake();
    for (const worker of this.#workers) worker.post(message);
  }
}

/** Threads of which `count` - 1 are Workers, or why there are none. */
export async function openThreads(
  count: number,
  workerUrl: string | URL | null,
): Promise<{ readonly threads: ThreadPool } | { readonly reason: string }> {
  const missing = whyNoThreads();
  if (missing) return { reason: missing };
  const memory = takeSharedMemory();
  if (!memory) return { reason: "there is no memory that threads may share" };
  const control = new Int32Array(new SharedArrayBuffer(controlBytes));
  control[word.claim] = closed;
  control[word.messages] = 1;
  const starts = Array.from({ length: count - 1 }, (_, i) => {
    const start = { type: "start", control, memory: memory.memory, thread: i + 1 } as const;
    return (async () => spawn(start, workerUrl))();
  });
  const spawned = await Promise.allSettled(starts);
  const workers = spawned.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failure = spawned.find((result) => result.status === "rejected");
  if (!failure) return { threads: new ThreadPool(memory, control, workers) };
  for (const worker of workers) worker.stop();
  giveMemory(memory);
  const { reason } = failure;
  const message = reason instanceof Error ? reason.message : reason;
  return {
    reason: `their Worker does not start (${message}); workerUrl may name a copy of tenrec/worker.js`,
  };
}
