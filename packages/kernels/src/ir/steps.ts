/** @file Walks over the nested steps of a plan. */
import type { Call, Plan, PlanStep } from "./plan.ts";

/** Every call of a plan once, in order, those inside repeats and branches included. */
export function planCalls(plan: Pick<Plan, "steps">): Call[] {
  const calls: Call[] = [];
  const visit = (steps: readonly PlanStep[]): void => {
    for (const step of steps) {
      if (step.kind === "call") calls.push(step);
      else visit(step.steps);
    }
  };
  visit(plan.steps);
  return calls;
}
