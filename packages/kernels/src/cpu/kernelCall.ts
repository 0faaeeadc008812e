/** @file A kernel with the memory and the params of one of its calls: what becomes code when its program is linked. */
import type { Kernel, SideKernel } from "../ir/kernel.ts";
import type { Params } from "./affine.ts";
import type { Runner } from "./machine.ts";
import type { MemoryRange } from "./memory.ts";

/** Kernels that are code by themselves: side kernels run their parts one after another. */
export type SingleKernel = Exclude<Kernel, SideKernel>;

/** Params of a call that a run fills in. */
export type Write = (word: number, value: number) => void;

const notLinked = (): void => {};

export class KernelCall {
  readonly kernel: SingleKernel;
  readonly ranges: readonly MemoryRange[];
  readonly params: Params;
  /** Everything that is compiled into the code: calls of equal keys share it. */
  readonly key: string;
  run: Runner = notLinked;
  write: Write = notLinked;

  /** `kernelKey`: identity of the kernel by its structure. */
  constructor(kernelKey: string, kernel: SingleKernel, ranges: readonly MemoryRange[], params: Params) {
    this.kernel = kernel;
    this.ranges = ranges;
    this.params = params;
    this.key = `${kernelKey} ${fixedWords(params)} ${places(ranges)}`;
  }
}

function fixedWords({ words, patched }: Params): string {
  return Array.from(words, (word, i) => (patched.has(i) ? "?" : word)).join();
}

/** Lengths of the ranges, and which of them lie in the same memory. */
function places(ranges: readonly MemoryRange[]): string {
  const memories = ranges.map(({ memory }) => memory);
  return ranges.map(({ memory, length }) => `${memories.indexOf(memory)}:${length}`).join();
}
