/** @file Gives the calls of a program their code: WebAssembly where there is a form of it, else block loops. */
import { counts } from "../device/counters.ts";
import type { KernelCall } from "./kernelCall.ts";
import type { Machine } from "./machine.ts";
import type { Memory } from "./memory.ts";
import { after, blocks } from "./parts.ts";
import type { CpuPool } from "./pool.ts";
import { bindCalls } from "./wasm/calls.ts";
import type { LinkedModule, ModuleCache } from "./wasm/modules.ts";

/** What linked calls hold. */
export interface Link {
  /** Memory for what kernels compute on the way, which their program has to have. */
  readonly scratchBytes: number;
  dispose(): void;
}

const held: Link = { scratchBytes: 0, dispose: () => {} };

/** Links `calls`, which follow `scratch`: at once, or as soon as what they need is loaded and compiled. Throws MemoryError. */
export function linkCalls(
  calls: readonly KernelCall[],
  machine: Machine,
  scratch: Memory,
): Link | Promise<Link> {
  const { modules, pool } = machine;
  if (!modules) return after(linkBlocks(calls, machine), () => held);
  return after(modules.take(calls), (module) => {
    const rest = calls.filter(({ key }) => !module.steps.has(key));
    return after(linkBlocks(rest, machine), () => linkModule(calls, modules, pool, module, scratch));
  });
}

function linkBlocks(calls: readonly KernelCall[], machine: Machine): void | Promise<void> {
  if (calls.length === 0) return;
  return after(blocks.get(), ({ BlockMachine, compileCall }) => {
    machine.blocks ??= new BlockMachine();
    for (const call of calls) {
      const { kernel, ranges, params } = call;
      counts.pipelines++;
      call.run = compileCall(kernel, ranges, params, machine.blocks);
      call.write = (word, value) => {
        params.words[word] = value;
      };
    }
  });
}

function linkModule(
  calls: readonly KernelCall[],
  modules: ModuleCache,
  pool: CpuPool,
  module: LinkedModule,
  scratch: Memory,
): Link {
  const linked = calls.flatMap((call) => {
    const steps = module.steps.get(call.key);
    return steps ? [{ call, steps }] : [];
  });
  try {
    const words = bindCalls(linked, pool, modules.threads, scratch);
    const dispose = (): void => {
      pool.giveRange(words);
      modules.give(module);
    };
    return { scratchBytes: module.scratchBytes, dispose };
  } catch (error) {
    modules.give(module);
    throw error;
  }
}
