/** @file The nested steps of a plan as one flat list of launches, so that a replay is a loop over arrays. */
import type { Call, Plan, PlanStep, Repeat } from "../ir/plan.ts";
import { countsWord, type Predicate, predicateCall } from "./predicate.ts";

/** A call, however often it is launched. */
export interface FlatCall {
  readonly call: Call;
  /** Repeats around it whose iteration number its params hold, outer to inner: it has a block of params for each combination. */
  readonly loops: readonly Repeat[];
  /** Its number among the calls inside branches, or null where it always runs. */
  readonly predicated: number | null;
}

export interface FlatPlan {
  readonly calls: readonly FlatCall[];
  /** Index into `calls` of every launch, in order. */
  readonly launches: Uint32Array;
  /** Which block of its call's params each launch takes. */
  readonly blocks: Uint32Array;
  readonly numPredicates: number;
}

/** Blocks of params that a call has. */
export function blocksOf({ loops }: FlatCall): number {
  return loops.reduce((product, { count }) => product * count, 1);
}

type Item = number | { readonly repeat: Repeat; readonly items: readonly Item[] };

interface Draft {
  readonly call: Call | Predicate;
  readonly loops: readonly Repeat[];
  readonly inside: Predicate | null;
}

class Flattener {
  readonly #plan: Plan;
  readonly #calls: Draft[] = [];
  readonly #predicates: Predicate[] = [];

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  run(): FlatPlan {
    const items = this.#collect(this.#plan.steps, [], null);
    const calls = this.#finish();
    const launches: number[] = [];
    const blocks: number[] = [];
    const turn = new Map<Repeat, number>();
    const emit = (item: Item): void => {
      if (typeof item !== "number") {
        for (let i = 0; i < item.repeat.count; i++) {
          turn.set(item.repeat, i);
          for (const inner of item.items) emit(inner);
        }
        return;
      }
      launches.push(item);
      blocks.push(calls[item]!.loops.reduce((block, loop) => block * loop.count + turn.get(loop)!, 0));
    };
    for (const item of items) emit(item);
    return {
      calls,
      launches: Uint32Array.from(launches),
      blocks: Uint32Array.from(blocks),
      numPredicates: this.#predicates.length,
    };
  }

  #collect(steps: readonly PlanStep[], loops: readonly Repeat[], inside: Predicate | null): Item[] {
    return steps.flatMap((step): Item[] => {
      if (step.kind === "repeat") {
        if (step.count === 0) return [];
        return [{ repeat: step, items: this.#collect(step.steps, [...loops, step], inside) }];
      }
      if (step.kind === "call") return step.workgroups > 0 ? [this.#add(step, loops, inside)] : [];
      const around = inside?.number ?? 0;
      const number = this.#predicates.length + 1;
      const predicate: Predicate = { branch: step, around, number, first: 0, calls: 0 };
      this.#predicates.push(predicate);
      const own = this.#calls.push({ call: predicate, loops: [], inside: null }) - 1;
      return [own, ...this.#collect(step.steps, loops, predicate)];
    });
  }

  #add(call: Call, loops: readonly Repeat[], inside: Predicate | null): number {
    const taken = new Set(call.scalars.map(({ scalar }) => scalar));
    const used = loops.filter(({ iteration }) => taken.has(iteration));
    return this.#calls.push({ call, loops: used, inside }) - 1;
  }

  /** Calls of one branch get neighbouring numbers, whatever branches lie between them. */
  #finish(): FlatCall[] {
    const numbers = new Map<Draft, number>();
    for (const predicate of this.#predicates) {
      predicate.first = numbers.size;
      for (const draft of this.#calls) if (draft.inside === predicate) numbers.set(draft, numbers.size);
      predicate.calls = numbers.size - predicate.first;
    }
    const bytes = countsWord(this.#predicates.length, numbers.size) * 4;
    return this.#calls.map((draft): FlatCall => {
      const { call, loops } = draft;
      if ("kind" in call) return { call, loops, predicated: numbers.get(draft) ?? null };
      const flagBytes = this.#plan.buffers[call.branch.buffer]!.bytes;
      const setter = predicateCall(call, this.#predicates.length, bytes, flagBytes);
      return { call: setter, loops, predicated: null };
    });
  }
}

/** Writes out repeats, and puts a predicate kernel before the calls of each branch. */
export function flattenPlan(plan: Plan): FlatPlan {
  return new Flattener(plan).run();
}
