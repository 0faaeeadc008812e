/** @file Layers around functions and other layers: Identity, Lambda, ActivityRegularization, TimeDistributed. */
import { ops, ShapeError, type Tensor } from "@tenrec/tensor";
import { Layer, type LayerOptions, type RunOptions, type Shape, type Values } from "../layer.ts";
import type { Mask } from "../masks.ts";
import { L1L2 } from "../regularizers.ts";

/**
 * Its input.
 * @example
 * new layers.Identity().apply([1, 2]); // [1, 2]
 */
export class Identity extends Layer {
  static override readonly className: string = "Identity";
  override supportsMasking = true;
  override call(inputs: Values): Values {
    return inputs;
  }
}

export interface LambdaOptions extends LayerOptions {
  /** Mask of the output, or how it is made of the inputs and theirs. */
  readonly mask?: Mask | ((inputs: Values, mask: Mask | null) => Mask | null) | null;
  /** Passed on to the function. */
  readonly arguments?: Readonly<Record<string, unknown>>;
}

/** The function of a Lambda layer: the inputs, then the layer's `arguments` with `training` and `mask`. */
// The function states what it takes.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type LambdaFunction = (inputs: any, options: RunOptions & Record<string, any>) => Values;

/**
 * Any function as a layer. Functions are no data: a saved model needs the function again.
 * @example
 * new layers.Lambda((x) => ops.square(x)).apply([3]); // [9]
 */
export class Lambda extends Layer {
  static override readonly className: string = "Lambda";
  readonly function: LambdaFunction;
  readonly #mask: NonNullable<LambdaOptions["mask"]> | null;
  readonly #arguments: Readonly<Record<string, unknown>>;

  constructor(of: LambdaFunction, { mask = null, arguments: given = {}, ...options }: LambdaOptions = {}) {
    super(options);
    this.function = of;
    this.#mask = mask;
    this.#arguments = given;
    this.supportsMasking = mask !== null;
  }

  override call(inputs: Values, options: RunOptions): Values {
    return this.function(inputs, { ...this.#arguments, ...options });
  }

  override computeMask(inputs: Values, previous: Mask | null): Mask | null {
    return typeof this.#mask === "function" ? this.#mask(inputs, previous) : this.#mask;
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), function: this.function.name, arguments: this.#arguments };
  }
}

export interface ActivityRegularizationOptions extends LayerOptions {
  readonly l1?: number;
  readonly l2?: number;
}

/**
 * Its input, with l1 sum |x| + l2 sum x^2 added to the loss.
 * @example
 * new layers.ActivityRegularization({ l2: 1e-4 });
 */
export class ActivityRegularization extends Layer {
  static override readonly className: string = "ActivityRegularization";
  override supportsMasking = true;
  readonly l1: number;
  readonly l2: number;

  constructor({ l1 = 0, l2 = 0, ...options }: ActivityRegularizationOptions = {}) {
    super({ ...options, activityRegularizer: new L1L2({ l1, l2 }) });
    this.l1 = l1;
    this.l2 = l2;
  }

  override call(inputs: Tensor): Tensor {
    return inputs;
  }

  override getConfig(): Record<string, unknown> {
    return { ...super.getConfig(), l1: this.l1, l2: this.l2 };
  }
}

/**
 * A layer applied to each step of [batch, steps, ...]: all steps at once, as further samples. Layers that look at the whole batch
 * (batch normalization in training) see all steps together.
 * @example
 * new layers.TimeDistributed(new layers.Dense(8)).apply(ops.ones([32, 10, 16])); // [32, 10, 8]
 */
export class TimeDistributed extends Layer {
  static override readonly className: string = "TimeDistributed";
  override supportsMasking = true;
  readonly layer: Layer;

  constructor(layer: Layer, options: LayerOptions = {}) {
    super(options);
    this.layer = layer;
  }

  override build(inputShape: Shape): void {
    if (inputShape.length < 3) throw noSteps(this.name, inputShape);
    if (this.layer.built) return;
    const [batch, , ...rest] = inputShape;
    this.layer.build([batch as number, ...rest]);
    this.layer.built = true;
  }

  override call(inputs: Tensor, options: RunOptions): Tensor {
    if (inputs.ndim < 3) throw noSteps(this.name, inputs.shape);
    const [batch = 0, steps = 0, ...rest] = inputs.shape;
    const { mask } = options;
    // Merged step first, as Keras walks them: step t of all samples stands together.
    const merged = ops.reshape(swapped(inputs), [steps * batch, ...rest]);
    const given = mask && !Array.isArray(mask) && (mask as Tensor).ndim >= 2 ? (mask as Tensor) : null;
    const own = given && ops.reshape(swapped(given), [steps * batch, ...given.shape.slice(2)]);
    const output = this.layer.apply(merged, own && own.ndim > 1 ? { mask: own } : {});
    return swapped(ops.reshape(output, [steps, batch, ...output.shape.slice(1)]));
  }

  override getConfig(): Record<string, unknown> {
    const layer = { className: this.layer.className, config: this.layer.getConfig() };
    return { ...super.getConfig(), layer };
  }
}

const swapped = (x: Tensor): Tensor => ops.swapaxes(x, 0, 1);

function noSteps(where: string, shape: Shape): ShapeError {
  return new ShapeError(where, "the input has no steps.", {
    received: `an input of shape [${shape.join()}].`,
    expected: "[batch, steps, ...] with at least three axes.",
    fix: "give each sample an axis of steps.",
  });
}
