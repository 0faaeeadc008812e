/** @file Finds the fastest of each problem's candidates by measuring their kernels. */
import type { Call, ChoiceRecord, KernelTimer, Plan, PlanStep } from "@tenrec/kernels";
import { type GraphProblem, type KernelProblem, kernelProblems, type Survey } from "./survey.ts";

/** What was chosen for one problem. */
export interface TunedChoice {
  /** The kernel's extents and structure, or what was split or unrolled. */
  readonly problem: string;
  readonly choice: string;
  /** What would be taken without measuring. */
  readonly heuristic: string;
  /** Milliseconds of every candidate that was measured now; those that were left out are Infinity. Null: known from before. */
  readonly milliseconds: Readonly<Record<string, number>> | null;
}

/** Another candidate must be faster by this much than the heuristics': less is noise. */
const gain = 0.97;

/** The fastest, or the heuristics' choice where none is clearly faster. */
export function fastest(milliseconds: Readonly<Record<string, number>>, heuristic: string): string {
  const time = (name: string): number => milliseconds[name] as number;
  const best = Object.keys(milliseconds).reduce((a, b) => (time(b) < time(a) ? b : a), heuristic);
  return time(best) < gain * time(heuristic) ? best : heuristic;
}

/** Launches of each distinct call in a run of the plans, those of repeats counted. */
function launches(plans: readonly Plan[]): Map<string, { readonly call: Call; count: number }> {
  const found = new Map<string, { readonly call: Call; count: number }>();
  const visit = (steps: readonly PlanStep[], times: number): void => {
    for (const step of steps) {
      if (step.kind !== "call") {
        visit(step.steps, step.kind === "repeat" ? times * step.count : times);
        continue;
      }
      const id = `${step.key} ${step.params.join()}`;
      const known = found.get(id) ?? { call: step, count: 0 };
      known.count += times;
      found.set(id, known);
    }
  };
  for (const { steps } of plans) visit(steps, 1);
  return found;
}

/** Measures what `known` has no valid record of; gives the choices in the order of the problems, and the new records. */
export class Measurement {
  readonly choices: TunedChoice[] = [];
  readonly records = new Map<string, ChoiceRecord>();
  readonly #timer: KernelTimer;
  readonly #known: ReadonlyMap<string, ChoiceRecord>;
  /** Milliseconds by call. */
  readonly #times = new Map<string, number>();

  constructor(timer: KernelTimer, known: ReadonlyMap<string, ChoiceRecord>) {
    this.#timer = timer;
    this.#known = known;
  }

  /** First what shapes the graph, then the kernels of what was chosen. */
  async run(survey: Survey): Promise<void> {
    const plans = [...survey.plans];
    for (const problem of survey.graphProblems) {
      const choice = await this.#choose(problem.problem, [...problem.plans.keys()], () =>
        this.#comparePlans(problem),
      );
      plans.push(...(problem.plans.get(choice) ?? []));
    }
    const done = new Set<string>();
    for (const problem of plans.flatMap((plan) => kernelProblems(plan, survey.base))) {
      if (done.has(problem.problem)) continue;
      done.add(problem.problem);
      await this.#choose(problem.problem, [...problem.forms.keys()], () => this.#compareForms(problem));
    }
  }

  async #choose(
    problem: string,
    names: readonly string[],
    compare: () => Promise<readonly number[]>,
  ): Promise<string> {
    const heuristic = names[0] as string;
    const before = this.#known.get(problem);
    if (before && names.includes(before.choice)) {
      this.choices.push({ problem, choice: before.choice, heuristic, milliseconds: null });
      return before.choice;
    }
    const times = await compare();
    const milliseconds = Object.fromEntries(names.map((name, i) => [name, times[i] as number]));
    const choice = fastest(milliseconds, heuristic);
    this.choices.push({ problem, choice, heuristic, milliseconds });
    this.records.set(problem, { choice, milliseconds: milliseconds[choice] as number });
    return choice;
  }

  #compareForms({ forms }: KernelProblem): Promise<readonly number[]> {
    return this.#timer.compare([...forms.values()]);
  }

  /** The sum over the kernels in which the plans differ. */
  async #comparePlans({ plans }: GraphProblem): Promise<readonly number[]> {
    const all = [...plans.values()].map(launches);
    const isCommon = (id: string) => all.every((each) => each.get(id)?.count === all[0]?.get(id)?.count);
    const sums: number[] = [];
    for (const each of all) {
      let sum = 0;
      for (const [id, { call, count }] of each) {
        if (!isCommon(id)) sum += count * (await this.#timeOf(id, call));
      }
      sums.push(sum);
    }
    return sums;
  }

  async #timeOf(id: string, call: Call): Promise<number> {
    const known = this.#times.get(id) ?? (await this.#timer.compare([call]))[0] ?? 0;
    this.#times.set(id, known);
    return known;
  }
}
