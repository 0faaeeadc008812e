/** @file explain: the stages of a compiled function as text. Pure: it prints stored artefacts and changes nothing. */
import {
  type Call,
  emitWgsl,
  hasWgsl,
  type Kernel,
  type Plan,
  type PlanStep,
  planCalls,
} from "@tenrec/kernels";
import { type Compiled, describe } from "./compile/compile.ts";

/** What `explain` takes: a jitted function, or a model whose step is one. */
export interface Explainable {
  explain(): Compiled | null;
}

/**
 * Kernels, buffers and WGSL of the last compiled program, one section each.
 *
 * @param subject - A function made by `jit`, after its first call.
 * @example
 * console.log(explain(step));
 */
export function explain(subject: Explainable): string {
  const compiled = subject.explain();
  if (!compiled) return "nothing is compiled yet: call the function first.";
  const { plan } = compiled;
  const sections = [
    `# Schedule\n${describe(compiled)}`,
    `# Plan "${plan.label}": ${plan.slotBytes} bytes of activations\n${planText(plan)}`,
    `# WGSL\n${planCalls(plan)
      .map(({ kernel }) => codeText(kernel))
      .join("\n\n")}`,
  ];
  return sections.join("\n\n");
}

function codeText(kernel: Kernel): string {
  return hasWgsl(kernel)
    ? emitWgsl(kernel).code
    : `// ${kernel.label} runs on the cpu alone and has no WGSL.`;
}

function planText(plan: Plan): string {
  const calls = stepTexts(plan, plan.steps, "");
  const copies = plan.copies.map(
    ({ from, to, bytes }) => `copy ${bytes} bytes: ${from} -> ${JSON.stringify(to)}`,
  );
  return [...calls, ...copies].join("\n");
}

function stepTexts(plan: Plan, steps: readonly PlanStep[], indent: string): string[] {
  return steps.flatMap((step) => {
    if (step.kind === "call") return [`${indent}${callText(plan, step)}`];
    const head =
      step.kind === "repeat" ? `repeat ${step.count}` : `if ${bufferText(plan, step.buffer)}[${step.offset}]`;
    return [`${indent}${head}`, ...stepTexts(plan, step.steps, `${indent}  `)];
  });
}

function bufferText({ buffers }: Plan, index: number): string {
  const target = buffers[index];
  return target?.kind === "slot" ? `slot${target.slot}` : `external${target?.index}`;
}

function callText(plan: Plan, { kernel, bindings, workgroups }: Call): string {
  const bound = bindings.map(({ buffer, offset, bytes }, i) => {
    return `${kernel.bindings[i]?.access} ${bufferText(plan, buffer)}[${offset}..${offset + bytes}]`;
  });
  return `${kernel.label} <<${workgroups}>> ${bound.join(", ")}`;
}
