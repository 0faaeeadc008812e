/** @file The modules of a device: programs with the same calls share one, also after the last of them was disposed of. */
import type { LinearHeap } from "../heap.ts";
import type { KernelCall } from "../kernelCall.ts";
import { after, templates } from "../parts.ts";
import { functionName, type StepFunction } from "../threads/control.ts";
import type { ThreadPool } from "../threads/pool.ts";
import { mathImports } from "./math.ts";
import { ModuleEmitter } from "./module.ts";
import type { Steps } from "./steps.ts";

/** Modules that nobody uses are kept for whoever makes the same program again. */
const maxIdle = 16;

/** Larger modules are compiled beside the thread of the page; a small one takes less time than the way there and back. */
const largestAtOnce = 1 << 15;

/** Functions, linked to the memory of the device. */
export interface LinkedModule {
  readonly key: string;
  /** What the calls run, by their key; the others have no WebAssembly form. */
  readonly steps: ReadonlyMap<string, Steps>;
  /** Memory for what kernels compute on the way. */
  readonly scratchBytes: number;
  /** Its number among threads. */
  readonly program: number | null;
}

interface Entry {
  readonly module: LinkedModule | Promise<LinkedModule>;
  users: number;
}

export class ModuleCache {
  readonly heap: LinearHeap;
  readonly threads: ThreadPool | null;
  readonly #relaxed: boolean;
  /** The one that was used last stands last. */
  readonly #entries = new Map<string, Entry>();

  /** `relaxed`: products and sums may be joined in one rounding. `threads` share the work. */
  constructor(heap: LinearHeap, relaxed: boolean, threads: ThreadPool | null) {
    this.heap = heap;
    this.#relaxed = relaxed;
    this.threads = threads;
  }

  /** A module with the code of `calls`, until `give`. A promise where code has to be loaded or compiled for long. */
  take(calls: readonly KernelCall[]): LinkedModule | Promise<LinkedModule> {
    const key = calls.map((call) => call.key).join("\n");
    const known = this.#entries.get(key);
    if (known) {
      known.users++;
      return known.module;
    }
    const module = this.#make(key, calls);
    const entry = { module, users: 1 };
    this.#entries.set(key, entry);
    if (!(module instanceof Promise)) return module;
    return module.then(
      (made) => {
        this.#entries.set(key, { module: made, users: entry.users });
        return made;
      },
      (error: unknown) => {
        this.#entries.delete(key);
        throw error;
      },
    );
  }

  give({ key }: LinkedModule): void {
    const entry = this.#entries.get(key)!;
    if (--entry.users > 0) return;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const idle = [...this.#entries].filter(([, { users }]) => users === 0);
    if (idle.length > maxIdle) this.#forget(...idle[0]!);
  }

  #forget(key: string, { module }: Entry): void {
    this.#entries.delete(key);
    const { program } = module as LinkedModule;
    if (program !== null) this.threads!.drop(program);
  }

  #make(key: string, calls: readonly KernelCall[]): LinkedModule | Promise<LinkedModule> {
    const hasTemplates = calls.some(({ kernel }) => kernel.form === "template");
    return after(hasTemplates ? templates.get() : null, (emitters) => {
      const emitter = new ModuleEmitter(this.#relaxed, this.threads?.count ?? 1, emitters);
      for (const call of calls) emitter.add(call);
      if (emitter.steps.size === 0) return { key, steps: emitter.steps, scratchBytes: 0, program: null };
      return after(compile(emitter.finish()), (module) => this.#link(key, emitter, module));
    });
  }

  #link(key: string, { steps, scratchBytes }: ModuleEmitter, module: WebAssembly.Module): LinkedModule {
    const { exports } = new WebAssembly.Instance(module, {
      math: mathImports,
      env: { memory: this.heap.memory },
    });
    const program = this.threads?.add(module) ?? null;
    for (const { ofBlock, ofBatch } of steps.values()) {
      for (const step of [...ofBlock, ...ofBatch]) {
        step.run = exports[functionName(step.number)] as StepFunction;
        step.program = program ?? 0;
      }
    }
    return { key, steps, scratchBytes, program };
  }
}

function compile(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module | Promise<WebAssembly.Module> {
  return bytes.length <= largestAtOnce ? new WebAssembly.Module(bytes) : WebAssembly.compile(bytes);
}
