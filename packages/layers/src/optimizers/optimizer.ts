/** @file Optimizer: state per variable, and the update of all variables with one expression, which compiles to one flat kernel. */
import {
  handleFree,
  ops,
  placeTogether,
  requireVariables,
  type Tensor,
  ValueError,
  Variable,
} from "@tenrec/tensor";
import { constantData } from "../initializers/initializer.ts";
import { classNameOf, snakeCase } from "../naming.ts";
import { weightOf } from "../weight.ts";
import { type ClipOptions, clipGradients } from "./clip.ts";
import { LearningRateSchedule } from "./schedule.ts";

export interface OptimizerOptions extends ClipOptions {
  readonly learningRate?: number | LearningRateSchedule;
  /** Share of each weight taken off per step, times the learning rate. */
  readonly weightDecay?: number | null;
  readonly name?: string;
}

/** Scalars that every variable's update of a step shares. */
export type Scalars = Readonly<Record<string, Tensor>>;

export interface Update {
  readonly value: Tensor;
  /** New state, in the order of `slotNames`. */
  readonly slots: readonly Tensor[];
}

/**
 * Base of all optimizers. Subclasses name their state per variable and give its update.
 *
 * @example
 * const optimizer = new optimizers.SGD({ learningRate: 0.1 });
 * const tape = new GradientTape();
 * const loss = tape.run(() => ops.mean(ops.square(w)));
 * optimizer.apply(tape.gradient(loss, [w]), [w]);
 */
export abstract class Optimizer {
  static readonly className: string = "Optimizer";
  readonly name: string;
  readonly weightDecay: number | null;
  /** Number of updates so far, int32. */
  readonly iterations: Variable;
  /** State variables, a list per slot name, each in the order of the trained variables. */
  #slots: readonly (readonly Variable[])[] = [];
  #variables: readonly Variable[] = [];
  #index: ReadonlyMap<Variable, number> | null = null;
  #rate: number;
  readonly #schedule: LearningRateSchedule | null;
  readonly #rateVariable: Variable;
  readonly #clip: ClipOptions;

  constructor(options: OptimizerOptions, defaultRate: number) {
    const { learningRate = defaultRate } = options;
    this.name = options.name ?? snakeCase(classNameOf(this));
    this.weightDecay = options.weightDecay ?? null;
    this.#clip = checkedClip(this.name, options);
    this.#schedule = learningRate instanceof LearningRateSchedule ? learningRate : null;
    this.#rate = this.#schedule ? Number.NaN : checkedRate(this.name, learningRate as number);
    this.iterations = new Variable(constantData([], 0, "int32"), {
      name: "iterations",
      dtype: "int32",
      trainable: false,
    });
    this.#rateVariable = new Variable(constantData([], this.#schedule ? 0 : this.#rate), {
      name: "learning_rate",
      trainable: false,
    });
  }

  /** Names of the state per variable. */
  abstract get slotNames(): readonly string[];
  /** First value of all state. */
  protected get slotStart(): number {
    return 0;
  }
  /** What is computed once per step; `step` counts from 1, in float32. */
  protected scalars(rate: Tensor, _step: Tensor): Scalars {
    return { rate };
  }
  /** New value and state of one variable. The same expression for all of them: that is what makes one kernel. */
  protected abstract update(
    value: Tensor,
    gradient: Tensor,
    slots: readonly Tensor[],
    scalars: Scalars,
  ): Update;

  get built(): boolean {
    return this.#index !== null;
  }

  /**
   * Makes the state for these variables; later updates may concern all or some of them.
   *
   * @param variables - Trainable variables, in a fixed order.
   */
  build(variables: readonly Variable[]): void {
    if (this.#index) return;
    this.#variables = variables;
    this.#index = new Map(variables.map((variable, i) => [variable, i]));
    this.#slots = this.slotNames.map((slot) =>
      variables.map((variable) => {
        const name = `${weightOf(variable)?.path ?? variable.name}_${slot}`.replaceAll("/", "_");
        return new Variable(constantData(variable.shape, this.slotStart), { name, trainable: false });
      }),
    );
    placeTogether(variables);
    for (const slot of this.#slots) placeTogether(slot);
  }

  /**
   * Updates the variables and counts the step.
   *
   * @param gradients - One per variable; null leaves its variable as it is.
   * @param variables - The variables, those the optimizer was built with by default.
   * @param options - `skip`: a bool scalar; where true nothing changes.
   * @throws ValueError if there is no gradient at all, or a variable is unknown.
   */
  apply(
    gradients: readonly (Tensor | null)[],
    variables: readonly Variable[] = this.#variables,
    options: { readonly skip?: Tensor } = {},
  ): void {
    requireVariables(`${this.name}.apply`, variables);
    this.build(variables);
    const pairs = this.pairsOf(gradients, variables);
    handleFree(() => this.applyPairs(pairs, options.skip ?? null));
  }

  /** What to differentiate for the gradients that `apply` expects: the loss itself, unless gradients are scaled. */
  scaleLoss(loss: Tensor): Tensor {
    return loss;
  }

  private pairsOf(gradients: readonly (Tensor | null)[], variables: readonly Variable[]): Pair[] {
    if (gradients.length !== variables.length)
      throw wrongCount(this.name, gradients.length, variables.length);
    const pairs = variables.flatMap((variable, i): Pair[] => {
      const gradient = gradients[i] ?? null;
      const index = this.#index?.get(variable);
      if (index === undefined) throw unknownVariable(this.name, variable);
      return gradient
        ? [{ variable, gradient, slots: this.#slots.map((slot) => slot[index] as Variable) }]
        : [];
    });
    if (pairs.length === 0) throw noGradients(this.name);
    return pairs;
  }

  private applyPairs(pairs: readonly Pair[], skip: Tensor | null): void {
    const keep = (old: Variable, value: Tensor): void => {
      old.assign(skip ? ops.where(skip, old, value) : value);
    };
    const rate = this.#schedule
      ? this.#schedule.call(ops.cast(this.iterations, "float32"))
      : this.#rateVariable;
    const scalars = this.scalars(rate, ops.cast(ops.add(this.iterations, 1), "float32"));
    const clipped = clipGradients(
      pairs.map(({ gradient }) => gradient),
      this.#clip,
    );
    pairs.forEach(({ variable, slots }, i) => {
      const decay = this.weightDecay;
      const value = decay
        ? ops.subtract(variable, ops.multiply(variable, ops.multiply(rate, decay)))
        : variable;
      const updated = this.update(value, clipped[i] as Tensor, slots, scalars);
      const constraint = weightOf(variable)?.constraint;
      keep(variable, constraint ? constraint.apply(updated.value) : updated.value);
      slots.forEach((slot, k) => keep(slot, updated.slots[k] as Tensor));
    });
    keep(this.iterations, ops.add(this.iterations, 1));
  }

  /** Forgets all steps: state and counter as they were at first. */
  reset(): void {
    for (const slot of this.#slots.flat()) slot.load(constantData(slot.shape, this.slotStart).data);
    this.iterations.load(Int32Array.of(0));
    this.#rateVariable.load(Float32Array.of(this.#schedule ? 0 : this.#rate));
  }

  /** The learning rate; NaN with a schedule. Setting it takes effect at the next step without compiling anything. */
  get learningRate(): number {
    return this.#rate;
  }
  set learningRate(value: number) {
    if (this.#schedule) throw scheduled(this.name);
    this.#rate = checkedRate(this.name, value);
    this.#rateVariable.load(Float32Array.of(value));
  }
  get schedule(): LearningRateSchedule | null {
    return this.#schedule;
  }

  /** Counter, learning rate and state, in Keras's order: variable by variable. */
  get variables(): readonly Variable[] {
    const states = this.#variables.flatMap((_, i) => this.#slots.map((slot) => slot[i] as Variable));
    return [...this.stateVariables, ...states];
  }
  /** Scalars that each step reads or writes. */
  get stateVariables(): readonly Variable[] {
    return [this.iterations, this.#rateVariable];
  }

  /** Arguments that make an equal optimizer; keys are Keras's. */
  getConfig(): Record<string, unknown> {
    const { clipnorm = null, clipvalue = null, globalClipnorm = null } = this.#clip;
    const learningRate = this.#schedule ? this.#schedule.getConfig() : this.#rate;
    return {
      name: this.name,
      learningRate,
      weightDecay: this.weightDecay,
      clipnorm,
      globalClipnorm,
      clipvalue,
    };
  }
}

interface Pair {
  readonly variable: Variable;
  readonly gradient: Tensor;
  readonly slots: readonly Variable[];
}

function checkedRate(where: string, value: number): number {
  if (typeof value === "number" && value >= 0 && Number.isFinite(value)) return Math.fround(value);
  throw new ValueError(where, "the learning rate is not a number from 0 up.", {
    received: String(value),
    expected: "a number such as 0.001, or a schedule.",
    fix: "pass { learningRate: 0.001 }.",
  });
}

/** Keras allows one of the three ways to clip. */
function checkedClip(where: string, { clipnorm, clipvalue, globalClipnorm }: ClipOptions): ClipOptions {
  const clip = {
    clipnorm: clipnorm ?? null,
    clipvalue: clipvalue ?? null,
    globalClipnorm: globalClipnorm ?? null,
  };
  const given = Object.entries(clip).filter(([, value]) => value !== null);
  if (given.length <= 1) return clip;
  throw new ValueError(where, "gradients can be clipped in one way only.", {
    received: given.map(([name, value]) => `${name} = ${value}`).join(", "),
    expected: "one of clipnorm, clipvalue, globalClipnorm.",
    fix: "leave the others out.",
  });
}

function wrongCount(where: string, numGradients: number, numVariables: number): ValueError {
  return new ValueError(`${where}.apply`, "gradients and variables differ in number.", {
    received: `${numGradients} gradients, ${numVariables} variables.`,
    expected: "one gradient (or null) per variable.",
    fix: "pass tape.gradient(loss, variables) and the same variables.",
  });
}

function unknownVariable(where: string, variable: Variable): ValueError {
  return new ValueError(`${where}.apply`, "the optimizer was built for other variables.", {
    received: `"${weightOf(variable)?.path ?? variable.name}".`,
    expected: "the variables of the first call.",
    fix: "make a new optimizer for new variables.",
  });
}

function noGradients(where: string): ValueError {
  return new ValueError(`${where}.apply`, "no variable has a gradient.", {
    received: "null for every variable.",
    expected: "at least one gradient.",
    fix: "check that the loss depends on the variables, and that they are trainable.",
  });
}

function scheduled(where: string): ValueError {
  return new ValueError(where, "the learning rate follows a schedule.", {
    received: "an assignment to learningRate.",
    expected: "an optimizer made with a number.",
    fix: "make the optimizer with { learningRate: 0.001 } to set it by hand.",
  });
}
