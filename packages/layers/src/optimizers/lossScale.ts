/** @file LossScaleOptimizer: keeps small gradients of float16 from vanishing, by a factor on the loss that adapts itself. */
import { handleFree, ops, type Tensor, ValueError, Variable } from "@tenrec/tensor";
import { constantData } from "../initializers/initializer.ts";
import { classNameOf } from "../naming.ts";
import { Optimizer, type Update } from "./optimizer.ts";
import type { LearningRateSchedule } from "./schedule.ts";

export interface LossScaleOptions {
  /** First factor on the loss. */
  readonly initialScale?: number;
  /** After so many steps in a row with finite gradients the factor is doubled. */
  readonly dynamicGrowthSteps?: number;
  readonly name?: string;
}

/**
 * Scales the loss before it is differentiated and the gradients back, and hands them to another optimizer. A step whose gradients are not
 * all finite is skipped and halves the scale. All of it happens on the device: no step waits for the outcome.
 *
 * `compile` wraps the optimizer of a model with the policy "mixed_float16" in it.
 * @example
 * const optimizer = new optimizers.LossScaleOptimizer(new optimizers.Adam());
 * const tape = new GradientTape();
 * const scaled = tape.run(() => optimizer.scaleLoss(ops.mean(ops.square(w))));
 * optimizer.apply(tape.gradient(scaled, [w]), [w]);
 */
export class LossScaleOptimizer extends Optimizer {
  static override readonly className: string = "LossScaleOptimizer";
  readonly innerOptimizer: Optimizer;
  readonly initialScale: number;
  readonly dynamicGrowthSteps: number;
  /** Steps since the scale changed. */
  readonly stepCounter: Variable;
  readonly dynamicScale: Variable;

  constructor(innerOptimizer: Optimizer, options: LossScaleOptions = {}) {
    const { initialScale = 2 ** 15, dynamicGrowthSteps = 2000 } = options;
    super(options.name ? { name: options.name } : {}, 0);
    this.innerOptimizer = innerOptimizer;
    this.initialScale = checked(this.name, "initialScale", initialScale, (x) => x > 0 && Number.isFinite(x));
    this.dynamicGrowthSteps = checked(
      this.name,
      "dynamicGrowthSteps",
      dynamicGrowthSteps,
      (x) => x > 0 && Number.isInteger(x),
    );
    // The steps that are counted are those of the inner optimizer.
    Object.assign(this, { iterations: innerOptimizer.iterations });
    this.stepCounter = new Variable(constantData([], 0, "int32"), {
      name: "step_counter",
      dtype: "int32",
      trainable: false,
    });
    this.dynamicScale = new Variable(constantData([], initialScale), {
      name: "dynamic_scale",
      trainable: false,
    });
  }

  override get slotNames(): readonly string[] {
    return this.innerOptimizer.slotNames;
  }
  override get built(): boolean {
    return this.innerOptimizer.built;
  }
  override build(variables: readonly Variable[]): void {
    this.innerOptimizer.build(variables);
  }

  override scaleLoss(loss: Tensor): Tensor {
    return ops.multiply(loss, this.dynamicScale);
  }

  override apply(
    gradients: readonly (Tensor | null)[],
    variables?: readonly Variable[],
    options: { readonly skip?: Tensor } = {},
  ): void {
    handleFree(() => {
      const finite = allFinite(gradients);
      if (!finite) return this.innerOptimizer.apply(gradients, variables, options);
      const isBad = ops.logicalNot(finite);
      const { skip } = options;
      const scale = this.dynamicScale.read();
      const unscaled = gradients.map((gradient) => gradient && ops.divide(gradient, scale));
      this.innerOptimizer.apply(unscaled, variables, { skip: skip ? ops.logicalOr(skip, isBad) : isBad });
      this.#adapt(isBad, scale, skip ?? null);
    });
  }

  #adapt(isBad: Tensor, scale: Tensor, skip: Tensor | null): void {
    const counter = this.stepCounter.read();
    const isDue = ops.equal(counter, this.dynamicGrowthSteps - 1);
    const factor = ops.where(isBad, 0.5, ops.where(isDue, 2, 1));
    const [nextScale, nextCounter] = [
      ops.multiply(scale, ops.cast(factor, "float32")),
      ops.where(ops.logicalOr(isBad, isDue), 0, ops.add(counter, 1)),
    ];
    this.dynamicScale.assign(skip ? ops.where(skip, scale, nextScale) : nextScale);
    this.stepCounter.assign(skip ? ops.where(skip, counter, nextCounter) : nextCounter);
  }

  /** The inner optimizer updates. */
  protected override update(value: Tensor, _gradient: Tensor, slots: readonly Tensor[]): Update {
    return { value, slots };
  }

  override reset(): void {
    this.innerOptimizer.reset();
    this.stepCounter.load(Int32Array.of(0));
    this.dynamicScale.load(Float32Array.of(this.initialScale));
  }

  override get learningRate(): number {
    return this.innerOptimizer.learningRate;
  }
  override set learningRate(value: number) {
    this.innerOptimizer.learningRate = value;
  }
  override get schedule(): LearningRateSchedule | null {
    return this.innerOptimizer.schedule;
  }
  override get variables(): readonly Variable[] {
    return [this.stepCounter, this.dynamicScale, ...this.innerOptimizer.variables];
  }
  override get stateVariables(): readonly Variable[] {
    return [this.stepCounter, this.dynamicScale, ...this.innerOptimizer.stateVariables];
  }

  override getConfig(): Record<string, unknown> {
    const { name, innerOptimizer, initialScale, dynamicGrowthSteps } = this;
    const inner = { className: classNameOf(innerOptimizer), config: innerOptimizer.getConfig() };
    return { name, innerOptimizer: inner, initialScale, dynamicGrowthSteps };
  }
}

/** The optimizer as one that scales the loss. */
export const withLossScale = (optimizer: Optimizer): LossScaleOptimizer =>
  optimizer instanceof LossScaleOptimizer ? optimizer : new LossScaleOptimizer(optimizer);

/** Whether every element of every gradient is finite: tests that do not wait for each other, then their conjunction in pairs. */
function allFinite(gradients: readonly (Tensor | null)[]): Tensor | null {
  let flags = gradients.flatMap((gradient) => (gradient ? [ops.all(ops.isfinite(gradient))] : []));
  while (flags.length > 1) {
    const half = Math.ceil(flags.length / 2);
    const [first, second] = [flags.slice(0, half), flags.slice(half)];
    flags = first.map((flag, i) => (second[i] ? ops.logicalAnd(flag, second[i]) : flag));
  }
  return flags[0] ?? null;
}

function checked(where: string, name: string, value: number, isValid: (x: number) => boolean): number {
  if (typeof value === "number" && isValid(value)) return value;
  throw new ValueError(where, `${name} is not valid.`, {
    received: `${name} ${value}.`,
    expected:
      name === "initialScale" ? "a positive number such as 32768." : "a positive integer such as 2000.",
    fix: `leave it out, or pass { ${name}: ${name === "initialScale" ? "2 ** 15" : "2000"} }.`,
  });
}
