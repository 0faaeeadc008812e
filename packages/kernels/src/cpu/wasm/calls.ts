/** @file The calls of a program as functions of its module: the words each of them reads, in memory that kernels address. */
import type { Block } from "../heap.ts";
import type { KernelCall } from "../kernelCall.ts";
import type { Memory } from "../memory.ts";
import type { CpuPool } from "../pool.ts";
import type { ThreadPool } from "../threads/pool.ts";
import { runSteps, type Steps } from "./steps.ts";

/** Words of a call: bases of its bindings, params, the base of scratch memory, the turn. */
const numWords = ({ ranges, kernel }: KernelCall): number => ranges.length + kernel.numParams + 2;

/** Where the words of a call lie. */
class CallWords {
  readonly #block: Block;
  readonly #first: number;

  constructor(block: Block, first: number) {
    this.#block = block;
    this.#first = first;
  }

  /** For kernels. */
  get address(): number {
    return this.#block.views.offset + this.#first * 4;
  }

  set(word: number, value: number): void {
    this.#block.views.u[this.#first + word] = value;
  }
}

/**
 * Lets `calls` run their `steps`, and follow their memory and `scratch`. Gives the block that holds their words, for as long as the
 * calls are in use.
 */
export function bindCalls(
  calls: readonly { readonly call: KernelCall; readonly steps: Steps }[],
  pool: CpuPool,
  threads: ThreadPool | null,
  scratch: Memory,
): Block {
  const size = calls.reduce((sum, { call }) => sum + numWords(call), 0);
  const block = pool.takeRange(size * 4, "words of calls");
  let first = 0;
  for (const { call, steps } of calls) {
    const words = new CallWords(block, first);
    first += numWords(call);
    bindCall(call, steps, words, threads);
    followMemory(call, words, scratch);
  }
  return block;
}

function bindCall(call: KernelCall, steps: Steps, words: CallWords, threads: ThreadPool | null): void {
  const { ranges, kernel } = call;
  call.write = (word, value) => words.set(ranges.length + word, value);
  if (threads) {
    const setTurn = (turn: number): void => words.set(ranges.length + kernel.numParams + 1, turn);
    call.run = () => runSteps(steps, words.address, threads, setTurn);
    return;
  }
  const step = steps.ofBatch[0]!;
  call.run = () => step.run(words.address, 0, step.units);
}

function followMemory({ ranges, kernel }: KernelCall, words: CallWords, scratch: Memory): void {
  ranges.forEach(({ memory, offset }, i) => {
    memory.follow((start) => words.set(i, start + offset));
  });
  scratch.follow((start) => words.set(ranges.length + kernel.numParams, start));
}
