/** @file Kernel to WGSL: assembles bindings, params, library functions and parts into one module. */
import type { Binding, Kernel, SideKernel } from "../ir/kernel.ts";
import { type BoundArray, bindingDeclaration } from "./access.ts";
import { emitGemm } from "./gemm.ts";
import { libraryFor } from "./library.ts";
import { emitLoop } from "./loop.ts";
import type { PartFrame } from "./part.ts";
import { paramWord } from "./scope.ts";
import { emitTemplate } from "./template.ts";
import { hasBarriers, workgroupSize } from "./workgroups.ts";

type PartKernel = SideKernel["parts"][number];

function boundArrays(bindings: readonly Binding[], native: boolean): BoundArray[] {
  return bindings.map((binding, i) => ({ name: `b${i}`, binding, native }));
}

function paramsDeclaration({ bindings, numParams }: Kernel): string[] {
  if (numParams === 0) return [];
  const words = Math.ceil(numParams / 4);
  return [`@group(0) @binding(${bindings.length}) var<uniform> params: array<vec4<u32>, ${words}>;`];
}

/** Declarations of a kernel, among them `fn kernel<suffix>(group: u32, lid: u32)`. */
function emitPart(kernel: PartKernel, frame: PartFrame): string {
  if (kernel.form === "template") return emitTemplate(kernel, frame);
  return kernel.form === "loop" ? emitLoop(kernel, frame) : emitGemm(kernel, frame);
}

function usesSubgroups(kernel: Kernel): boolean {
  return kernel.form === "side" ? kernel.parts.some(usesSubgroups) : "subgroups" in kernel;
}

function usesQuads(kernel: Kernel): boolean {
  if (kernel.form === "side") return kernel.parts.some(usesQuads);
  return kernel.form === "gemm" && kernel.tile.quads === true;
}

/** The number of an invocation's subgroup, and how many its workgroup has. */
const subgroupDeclarations = "var<private> subgroup: u32;\nvar<private> subgroups: u32;";
const subgroupInputs =
  "  @builtin(subgroup_id) own_subgroup: u32,\n  @builtin(num_subgroups) all_subgroups: u32,\n";
const subgroupStart = ["subgroup = own_subgroup;", "subgroups = all_subgroups;"];

function main(kernel: Kernel, size: number, statements: readonly string[]): string {
  const inSubgroups = usesSubgroups(kernel);
  const lines = inSubgroups ? [...subgroupStart, ...statements] : statements;
  return `@compute @workgroup_size(${size})
fn main(
  @builtin(workgroup_id) wid: vec3<u32>,
  @builtin(num_workgroups) nwg: vec3<u32>,
  @builtin(local_invocation_index) lid: u32,
${inSubgroups ? subgroupInputs : ""}) {
${lines.map((line) => `  ${line}`).join("\n")}
}`;
}

function emitSingle(kernel: PartKernel, bindings: readonly BoundArray[], size: number): string[] {
  const part = emitPart(kernel, { bindings, paramBase: 0, suffix: "", size });
  return [part, main(kernel, size, ["kernel(wid.x + wid.y * nwg.x, lid);"])];
}

/** Parts with barriers cannot run in larger workgroups than their own. */
function checkPart(part: PartKernel, size: number, label: string): void {
  if (!hasBarriers(part) || workgroupSize(part) === size) return;
  throw new Error(
    `emitWgsl: a part of ${label} has its own workgroup size.\n` +
      `  Received: ${part.label} with ${workgroupSize(part)} invocations among parts of up to ${size}.\n` +
      `  Expected: ${size} for parts with barriers.\n  Fix: run ${part.label} as a kernel of its own.`,
  );
}

/** Templates in one form, which share workgroup memory. */
function isSameTemplate(a: PartKernel, b: PartKernel): boolean {
  if (a.form !== "template" || b.form !== "template" || a.template !== b.template) return false;
  return JSON.stringify(a.constants) === JSON.stringify(b.constants);
}

/** The workgroup id is uniform, so the choice of a part is, and barriers inside parts are legal. */
function emitSide(kernel: SideKernel, bindings: readonly BoundArray[], size: number): string[] {
  const { parts, bindingMap, paramBase, numParams, label } = kernel;
  const texts = parts.map((part, i) => {
    checkPart(part, size, label);
    const first = parts.findIndex((other) => isSameTemplate(other, part));
    return emitPart(part, {
      bindings: bindingMap[i]!.map((binding) => bindings[binding]!),
      paramBase: paramBase[i]!,
      suffix: `_p${i}`,
      ...(first >= 0 && first < i ? { sharedSuffix: `_p${first}` } : {}),
      size,
    });
  });
  const choices = parts.flatMap((_, i) => {
    const count = paramWord(numParams - parts.length + i);
    return [`if (group < ${count}) {`, `  kernel_p${i}(group, lid);`, "  return;", "}", `group -= ${count};`];
  });
  return [...texts, main(kernel, size, ["var group = wid.x + wid.y * nwg.x;", ...choices.slice(0, -1)])];
}

/**
 * The WGSL of a kernel: pure and byte-stable. Storage bindings are 0 to N - 1 of group 0, the params are the uniform at N
 * (`array<vec4<u32>>` of `numParams` words, absent if there are none), the entry point is `main`; a dispatch folds its linear
 * workgroup count into x and y.
 *
 * @param hasHalves - float16 bindings are arrays of f16, which needs the feature shader-f16; else pairs in words of u32.
 * @example
 * const { code, label } = emitWgsl(kernel);
 * device.createShaderModule({ code, label });
 */
export function emitWgsl(kernel: Kernel, hasHalves = false): { code: string; label: string } {
  const arrays = boundArrays(kernel.bindings, hasHalves);
  const size = workgroupSize(kernel);
  const body = (kernel.form === "side" ? emitSide : emitSingle)(kernel as never, arrays, size).join("\n\n");
  const head = [...arrays.map(bindingDeclaration), ...paramsDeclaration(kernel)].join("\n");
  const subgroups = usesSubgroups(kernel);
  const texts = [
    subgroups || usesQuads(kernel) ? "enable subgroups;" : "",
    head,
    subgroups ? subgroupDeclarations : "",
    libraryFor(body),
    body,
  ].filter((text) => text !== "");
  if (texts.some((text) => /\bf16\b/.test(text))) texts.unshift("enable f16;");
  return { code: `${texts.join("\n\n")}\n`, label: kernel.label };
}
