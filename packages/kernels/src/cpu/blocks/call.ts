/** @file Compiles one kernel call of a plan for the block machine. */
import type { Body, Kernel, LoopKernel, SideKernel } from "../../ir/kernel.ts";
import { type Affine, affineForms, type Params } from "../affine.ts";
import { storesOf } from "../bodySpec.ts";
import type { Runner } from "../machine.ts";
import type { MemoryRange } from "../memory.ts";
import { chooseNest } from "../nest.ts";
import { BlockMachine } from "./blockMachine.ts";
import { compileBody } from "./body.ts";
import { compileGemm } from "./gemm.ts";
import { runBody } from "./loop.ts";
import { compileTemplate } from "./template.ts";

export { BlockMachine };

/**
 * The numbers of a call (extents, strides, offsets) are compiled in: a program is built once and run often, and plain numbers make
 * loads contiguous.
 */
export function compileCall(
  kernel: Exclude<Kernel, SideKernel>,
  ranges: readonly MemoryRange[],
  params: Params,
  machine: BlockMachine,
): Runner {
  if (kernel.form === "loop") return compileLoop(kernel, ranges, params, machine);
  if (kernel.form === "gemm") return compileGemm(kernel, ranges, params, machine);
  return compileTemplate(kernel, ranges, params, machine);
}

function compileLoop(
  kernel: LoopKernel,
  bindings: readonly MemoryRange[],
  params: Params,
  machine: BlockMachine,
): Runner {
  const { body, stages, rows, cols } = kernel;
  const extents = Array.from(params.words.subarray(0, rows + cols));
  const nest = chooseNest(extents, rows, accessForms(body, params));
  const stores = storesOf(body.stores, bindings);
  const spec = { code: body.code, stages, stores, bindings, params, accumulator: null };
  const program = compileBody(spec, nest, machine.registers);
  return () => runBody(program);
}

/** The indices of all loads and stores that are affine. */
function accessForms({ code, stores }: Body, params: Params): Affine[] {
  const forms = affineForms(code, params);
  const loads = code.filter(({ op }) => op === "load").map(({ args }) => args[0]!);
  const full = stores.filter(({ level }) => level === "full").map(({ index }) => index);
  return [...loads, ...full].flatMap((index) => forms[index] ?? []);
}
