/** @file Which choices the compilations of a run leave open, and the kernels and plans that each of them stands for. */
import {
  alternatives,
  type Call,
  type CompileAgain,
  type GraphChoice,
  notingTarget,
  type Plan,
  planCalls,
  problemOf,
  type Target,
  tunedTarget,
} from "@tenrec/kernels";
import { withKernel } from "../compile/emitLoop.ts";

/** A kernel with several forms: the calls by the form's name, the heuristics' first. */
export interface KernelProblem {
  readonly problem: string;
  readonly label: string;
  readonly forms: ReadonlyMap<string, Call>;
}

/** A choice that shapes the graph: for each name the plans of all programs that it appears in, the heuristics' first. */
export interface GraphProblem {
  readonly problem: string;
  readonly plans: ReadonlyMap<string, Plan[]>;
}

/** Every problem of the kernels of `plan`, once. */
export function kernelProblems(plan: Plan, target: Target): KernelProblem[] {
  const found = new Map<string, KernelProblem>();
  for (const call of planCalls(plan)) {
    const { kernel, params } = call;
    if (kernel.form !== "loop" && kernel.form !== "gemm") continue;
    const problem = problemOf(kernel, params);
    if (found.has(problem)) continue;
    const forms = [...alternatives(kernel, params, target)];
    if (forms.length === 0) continue;
    const calls = forms.map(([name, form]) => [name, withKernel(call, form)] as const);
    found.set(problem, { problem, label: kernel.label, forms: new Map(calls) });
  }
  return [...found.values()];
}

/** Listens to compilations for `base` and compiles each of them again for every choice on the way to its kernels. */
export class Survey {
  readonly base: Target;
  /** What the heuristics make of each program. */
  readonly plans: Plan[] = [];
  readonly #graphs = new Map<string, Map<string, Plan[]>>();

  constructor(base: Target) {
    this.base = base;
  }

  get graphProblems(): GraphProblem[] {
    return [...this.#graphs].map(([problem, plans]) => ({ problem, plans }));
  }

  /** While the compilation runs: afterwards the graph lets go of its nodes. */
  readonly watch = (again: CompileAgain): void => {
    const { target, asked } = notingTarget(this.base);
    const own = again(target);
    this.plans.push(own);
    for (const choice of asked.values()) this.#addChoice(choice, own, again);
  };

  #addChoice({ problem, own, others }: GraphChoice, ownPlan: Plan, again: CompileAgain): void {
    const plans = this.#graphs.get(problem) ?? new Map<string, Plan[]>();
    this.#graphs.set(problem, plans);
    const add = (name: string, plan: Plan) => plans.set(name, [...(plans.get(name) ?? []), plan]);
    add(own, ownPlan);
    for (const name of others) add(name, again(tunedTarget(this.base, new Map([[problem, name]]))));
  }
}
