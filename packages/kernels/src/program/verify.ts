/**
 * @file Checks a Plan against a device before it is built, so that a mistake speaks of kernels and not of GPU
 * objects.
 */
import { DeviceError, formatBytes } from "../device/errors.ts";
import { paddedBytes } from "../device/sizeClass.ts";
import type { TemplateKernel } from "../ir/kernel.ts";
import type { BindingRange, Branch, Call, Plan, PlanBuffer, PlanCopy, PlanStep, Repeat } from "../ir/plan.ts";

/** The limits a plan must keep. */
export interface PlanLimits {
  readonly maxStorageBuffersPerShaderStage: number;
  readonly maxStorageBufferBindingSize: number;
  readonly maxUniformBufferBindingSize: number;
  readonly maxBufferSize: number;
  readonly maxComputeWorkgroupsPerDimension: number;
}

/** Required alignment of a bound range. */
const bindingAlignment = 256;

/** Throws DeviceError for the first rule that `plan` breaks. */
export function verifyPlan(plan: Plan, limits: PlanLimits): void {
  plan.buffers.forEach((buffer, i) => verifyBuffer(plan, buffer, i, limits));
  verifySteps(plan, plan.steps, limits, []);
  for (const copy of plan.copies) verifyCopy(plan, copy);
}

/** `iterations`: the scalars of the repeats around. */
function verifySteps(
  plan: Plan,
  steps: readonly PlanStep[],
  limits: PlanLimits,
  iterations: readonly number[],
): void {
  for (const step of steps) {
    if (step.kind === "call") verifyCall(plan, step, limits, iterations);
    else if (step.kind === "branch") {
      verifyFlag(plan, step);
      verifySteps(plan, step.steps, limits, iterations);
    } else {
      verifyRepeat(plan, step, iterations);
      verifySteps(plan, step.steps, limits, [...iterations, step.iteration]);
    }
  }
}

function verifyRepeat(plan: Plan, { count, iteration }: Repeat, around: readonly number[]): void {
  const where = `a repeat of plan "${plan.label}"`;
  require(Number.isInteger(count) && count >= 0, () => `${where} has no valid count.`, () => ({
    received: `${count}`,
    expected: "an integer from 0",
  }));
  require(iteration >= plan.numScalars && !around.includes(iteration), () =>
    `${where} counts in a scalar that is taken.`, () => ({
    received: `scalar ${iteration}`,
    expected: `a scalar from ${plan.numScalars} (numScalars) that no repeat around it has`,
  }));
}

function verifyFlag(plan: Plan, { buffer, offset }: Branch): void {
  const bytes = plan.buffers[buffer]?.bytes ?? 0;
  require(offset % 4 === 0 && offset >= 0 && offset + 4 <= bytes, () =>
    `the flag of a branch of plan "${plan.label}" is not there.`, () => ({
    received: `byte ${offset} of buffer ${buffer}`,
    expected: "a whole word of a buffer of the plan",
  }));
}

function verifyBuffer(plan: Plan, buffer: PlanBuffer, i: number, limits: PlanLimits): void {
  const where = `buffer ${i} of plan "${plan.label}"`;
  require(buffer.bytes <= limits.maxBufferSize, () =>
    `${where} is larger than any buffer of this device.`, () => ({
    received: formatBytes(buffer.bytes),
    expected: `at most ${formatBytes(limits.maxBufferSize)} (maxBufferSize)`,
    fix: "use a smaller batch or split the tensor",
  }));
  if (buffer.kind === "external") {
    require(buffer.index < plan.numExternals, () => `${where} has no external behind it.`, () => ({
      received: `external ${buffer.index}`,
      expected: `an index below ${plan.numExternals} (numExternals)`,
    }));
  }
}

function verifyCall(plan: Plan, call: Call, limits: PlanLimits, iterations: readonly number[]): void {
  const { kernel } = call;
  const where = `kernel "${kernel.label}" of plan "${plan.label}"`;
  require(call.bindings.length === kernel.bindings.length, () =>
    `${where} has the wrong number of bindings.`, () => ({
    received: `${call.bindings.length} ranges`,
    expected: `${kernel.bindings.length}, one for each binding of the kernel`,
  }));
  require(kernel.bindings.length <= limits.maxStorageBuffersPerShaderStage, () =>
    `${where} binds too many buffers.`, () => ({
    received: `${kernel.bindings.length} storage bindings`,
    expected: `at most ${limits.maxStorageBuffersPerShaderStage} (maxStorageBuffersPerShaderStage)`,
  }));
  require(call.params.length === kernel.numParams, () => `${where} has the wrong number of params.`, () => ({
    received: `${call.params.length} words`,
    expected: `${kernel.numParams} (numParams)`,
  }));
  require(kernel.numParams * 4 <= limits.maxUniformBufferBindingSize, () =>
    `${where} has too many params.`, () => ({
    received: `${kernel.numParams} words`,
    expected: `at most ${limits.maxUniformBufferBindingSize / 4} (maxUniformBufferBindingSize)`,
  }));
  const maxWorkgroups = limits.maxComputeWorkgroupsPerDimension ** 2;
  const { workgroups } = call;
  require(Number.isInteger(workgroups) && workgroups >= 0 && workgroups <= maxWorkgroups, () =>
    `${where} has no valid size.`, () => ({
    received: `${workgroups} workgroups`,
    expected: `an integer from 0 to ${maxWorkgroups}`,
  }));
  for (const { word, scalar } of call.scalars) {
    const known = scalar < plan.numScalars || iterations.includes(scalar);
    require(word < kernel.numParams && known, () => `${where} takes a scalar that is not there.`, () => ({
      received: `scalar ${scalar} into word ${word}`,
      expected: `a scalar below ${plan.numScalars} or of a repeat around, and a word below ${kernel.numParams}`,
    }));
  }
  for (const part of kernel.form === "side" ? kernel.parts : [kernel]) {
    if (part.form === "template") verifyTemplate(part, where);
  }
  for (const range of call.bindings) verifyRange(plan, range, where, limits);
  verifyAccess(plan, call, where);
}

/** The operands of a template are those that it declares. */
function verifyTemplate(
  { template, inputs, outputs, numOwnParams, numParams, ...kernel }: TemplateKernel,
  where: string,
): void {
  require(inputs.length === template.inputs.length && outputs.length === template.outputs.length, () =>
    `${where} does not fit its template.`, () => ({
    received: `${inputs.length} inputs and ${outputs.length} outputs`,
    expected: `${template.inputs.length} and ${template.outputs.length} (${template.name})`,
  }));
  inputs.forEach(({ code, value }, i) => {
    const { name, dtype } = template.inputs[i]!;
    require(code[value]?.dtype === dtype, () => `${where} has an input of another dtype.`, () => ({
      received: `${name} of ${code[value]?.dtype}`,
      expected: `${dtype} (${template.name})`,
      fix: "cast it in the operand's code",
    }));
  });
  outputs.forEach(({ binding }, i) =>
    require(kernel.bindings[binding]?.access === "read_write", () =>
      `${where} cannot write output ${template.outputs[i]!.name}.`, () => ({
      received: `binding ${binding} with access ${kernel.bindings[binding]?.access}`,
      expected: "read_write",
    })),
  );
  require(numOwnParams <= numParams, () => `${where} has too few params.`, () => ({
    received: `${numParams} words`,
    expected: `at least its template's ${numOwnParams}`,
  }));
}

function verifyRange(plan: Plan, range: BindingRange, where: string, limits: PlanLimits): void {
  const buffer = plan.buffers[range.buffer];
  const end = range.offset + range.bytes;
  require(buffer !== undefined && end <= paddedBytes(buffer.bytes), () =>
    `${where} binds a range outside its buffer.`, () => ({
    received: `bytes ${range.offset} to ${end} of buffer ${range.buffer}`,
    expected: buffer
      ? `a range within ${formatBytes(buffer.bytes)}`
      : `a buffer below ${plan.buffers.length}`,
  }));
  require(range.offset % bindingAlignment === 0, () => `${where} binds a range at an odd offset.`, () => ({
    received: `offset ${range.offset}`,
    expected: `a multiple of ${bindingAlignment}`,
  }));
  require(range.bytes <= limits.maxStorageBufferBindingSize, () =>
    `${where} binds more than this device can at once.`, () => ({
    received: formatBytes(range.bytes),
    expected: `at most ${formatBytes(limits.maxStorageBufferBindingSize)} (maxStorageBufferBindingSize)`,
    fix: "use a smaller batch or split the tensor",
  }));
}

/** Equal for plan buffers that share memory. */
export function memoryKey(buffer: PlanBuffer): string {
  return buffer.kind === "slot" ? `slot ${buffer.slot}` : `external ${buffer.index}`;
}

/**
 * WebGPU forbids to read and write one buffer in one dispatch, even on disjoint ranges, and to bind a written
 * range twice. Two written ranges of one buffer that do not overlap are allowed.
 */
function verifyAccess(plan: Plan, call: Call, where: string): void {
  call.bindings.forEach((second, j) => {
    call.bindings.slice(0, j).forEach((first, i) => {
      const key = memoryKey(plan.buffers[first.buffer]!);
      if (key !== memoryKey(plan.buffers[second.buffer]!)) return;
      const writes = [i, j].filter((k) => call.kernel.bindings[k]!.access !== "read").length;
      const overlap =
        first.offset < second.offset + second.bytes && second.offset < first.offset + first.bytes;
      require(writes === 0 || (writes === 2 && !overlap), () =>
        `${where} reads and writes the same memory in one dispatch.`, () => ({
        received: `bindings ${i} and ${j} on ${key}`,
        expected: "a buffer that is only read, or written ranges that do not overlap",
      }));
    });
  });
}

function verifyCopy(plan: Plan, copy: PlanCopy): void {
  const where = `a copy at the end of plan "${plan.label}"`;
  const from = plan.buffers[copy.from];
  const { to } = copy;
  const target = "buffer" in to ? plan.buffers[to.buffer] : undefined;
  const toOffset = to.offset;
  const inside =
    from !== undefined &&
    copy.fromOffset + copy.bytes <= paddedBytes(from.bytes) &&
    ("result" in to
      ? to.result < plan.numResults
      : !!target && toOffset + copy.bytes <= paddedBytes(target.bytes));
  require(inside, () => `${where} reaches outside its buffers.`, () => ({
    received: `${copy.bytes} bytes at ${copy.fromOffset} of buffer ${copy.from} to ${JSON.stringify(to)}`,
    expected: "ranges within both buffers",
  }));
  require(((copy.fromOffset | toOffset | copy.bytes) & 3) === 0, () =>
    `${where} is not made of whole words.`, () => ({
    received: `${copy.bytes} bytes from offset ${copy.fromOffset} to ${toOffset}`,
    expected: "multiples of 4",
  }));
  require(!target || memoryKey(from!) !== memoryKey(target), () =>
    `${where} stays within one buffer.`, () => ({
    received: `buffer ${copy.from} to ${JSON.stringify(to)}`,
    expected: "two buffers (WebGPU cannot copy within one)",
    fix: "copy through a temporary",
  }));
}

function require(
  condition: boolean,
  what: () => string,
  // Made only where the check fails: number formatting was 4 % of an un-jitted run.
  parts: () => { readonly received: string; readonly expected: string; readonly fix?: string },
): void {
  if (!condition)
    throw new DeviceError("build", what(), { fix: "the plan is wrong: please report it", ...parts() });
}
