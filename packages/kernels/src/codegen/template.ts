/** @file WGSL of template kernels: the loads, stores and params that a file of shaders/ marks as hooks. */
import type { Kernel, TemplateInput, TemplateKernel, TemplateOperand, TemplateOutput } from "../ir/kernel.ts";
import { loadText, storeText } from "./access.ts";
import { analyse } from "./analysis.ts";
import { fillTemplate, hooksOf, TemplateError } from "./fillTemplate.ts";
import { indent, type PartFrame } from "./part.ts";
import { paramWord, Scope } from "./scope.ts";
import { templateTexts, wgslOf } from "./templates/index.ts";
import { type Lanes, scalarOf, typeName } from "./types.ts";

function functionText(signature: string, lines: readonly string[]): string {
  return [`fn ${signature} {`, ...indent(lines), "}"].join("\n");
}

function paramHook(frame: PartFrame): string {
  const word = frame.paramBase === 0 ? "u32(word)" : `u32(word) + ${frame.paramBase}u`;
  return functionText("param(word: i32) -> i32", [
    `let at = ${word};`,
    "return bitcast<i32>(params[at >> 2u][at & 3u]);",
  ]);
}

/** Scalar code in which axis 0 is called i. */
function scopeOf(code: TemplateInput["code"], lanes: Lanes, frame: PartFrame): Scope {
  const laneAxis = lanes === 4 ? 0 : -1;
  return new Scope(analyse(code, { lanes, laneAxis, resultLanes: 1 }), {
    bindings: frame.bindings,
    paramBase: frame.paramBase,
    laneAxis,
    axis: () => "i",
    stage: (stage) => `stage${stage}`,
    acc: "acc",
  });
}

/** The operand's code at element i, or at the four elements from i. */
function loadHook(hook: string, { code, value }: TemplateInput, lanes: Lanes, frame: PartFrame): string {
  const scope = scopeOf(code, lanes, frame);
  const result = scope.splat(value, lanes);
  const type = typeName(scalarOf(code[value]!.dtype), lanes);
  return functionText(`${hook}(i: i32) -> ${type}`, [...scope.lines, `return ${result};`]);
}

/** Element i of an output as an element of its binding, and the lines before. */
function placeOf({ offset, shift }: TemplateOutput, frame: PartFrame) {
  const terms = ["i"];
  if (offset !== null) terms.push(`i32(${paramWord(frame.paramBase + offset)})`);
  const scope = scopeOf(shift?.code ?? [], 1, frame);
  if (shift) terms.push(scope.get(shift.value));
  const text = terms.length > 1 ? `(${terms.join(" + ")})` : "i";
  return { lines: scope.lines, index: { text, lanes: 1 as const } };
}

function storeHook(
  hook: string,
  operand: TemplateOperand,
  output: TemplateOutput,
  lanes: Lanes,
  frame: PartFrame,
): string {
  const type = scalarOf(operand.dtype);
  const value = { text: "value", type, lanes };
  const { lines, index } = placeOf(output, frame);
  const store = storeText(frame.bindings[output.binding]!, index, value, lanes === 4);
  return functionText(`${hook}(i: i32, value: ${typeName(type, lanes)})`, [...lines, ...store]);
}

function readHook(
  hook: string,
  { dtype }: TemplateOperand,
  output: TemplateOutput,
  lanes: Lanes,
  frame: PartFrame,
): string {
  const { lines, index } = placeOf(output, frame);
  const text = loadText(frame.bindings[output.binding]!, index, dtype, lanes === 4);
  return functionText(`${hook}(i: i32) -> ${typeName(scalarOf(dtype), lanes)}`, [
    ...lines,
    `return ${text};`,
  ]);
}

function operandHook(hook: string, kernel: TemplateKernel, frame: PartFrame): string {
  const { template, inputs, outputs } = kernel;
  const [, kind, wide, name] = /^(load|store|read)(4?)_(\w+)$/.exec(hook) ?? [];
  const lanes = wide === "4" ? 4 : 1;
  const operands = kind === "load" ? template.inputs : template.outputs;
  const index = operands.findIndex((operand) => operand.name === name);
  if (kind === undefined || index < 0) {
    const known = "param, load_<input>, store_<output>, read_<output> or their forms of four (load4_...)";
    throw new TemplateError(template.name, "a hook belongs to no operand.", hook, known);
  }
  if (kind === "load") return loadHook(hook, inputs[index]!, lanes, frame);
  const make = kind === "store" ? storeHook : readHook;
  return make(hook, operands[index]!, outputs[index]!, lanes, frame);
}

/** Whether `emitWgsl` has a text for a kernel: some templates are for the cpu alone. */
export function hasWgsl(kernel: Kernel): boolean {
  if (kernel.form === "side") return kernel.parts.every(hasWgsl);
  if (kernel.form !== "template") return true;
  return kernel.template.wgsl !== undefined || kernel.template.name in templateTexts;
}

/** Module-scope text of a template kernel, with `fn kernel<suffix>(group: u32, lid: u32)`. */
export function emitTemplate(kernel: TemplateKernel, frame: PartFrame): string {
  const wgsl = wgslOf(kernel.template);
  const hooks = hooksOf(wgsl).map((hook) => [
    hook,
    hook === "param" ? paramHook(frame) : operandHook(hook, kernel, frame),
  ]);
  return fillTemplate(kernel.template.name, wgsl, {
    constants: kernel.constants,
    hooks: Object.fromEntries(hooks),
    suffix: frame.suffix,
    ...(frame.sharedSuffix === undefined ? {} : { sharedSuffix: frame.sharedSuffix }),
  });
}
