/** @file Layer: weights and a computation. Weights are found through fields, arrays, records and nested layers. */
import {
  type Dtype,
  handleFree,
  ShapeError,
  StateError,
  Tensor,
  type TensorLike,
  tensor,
  Variable,
} from "@tenrec/tensor";
import { type Constraint, getConstraint } from "./constraints.ts";
import type { Identifier } from "./identifiers.ts";
import { getInitializer, type Initializer } from "./initializers/index.ts";
import { classNameOf, snakeCase, uniqueName } from "./naming.ts";
import { getRegularizer, type Regularizer } from "./regularizers.ts";
import { collectLayers, collectVariables } from "./tracking.ts";
import { describeWeight, weightOf } from "./weight.ts";

/** Extents of a value that a layer receives, batch first. */
export type Shape = readonly number[];
/** A shape with open extents (null), as for `build([null, 784])`. */
export type OpenShape = readonly (number | null)[];

/** What layers take and give: a tensor, or arrays or records of them. */
export type Values = Tensor | readonly Tensor[] | { readonly [name: string]: Tensor };

export interface LayerOptions {
  /** Unique name; made from the class by default (`dense`, `dense_1`). */
  readonly name?: string;
  /** False: the layer's weights are not trained. */
  readonly trainable?: boolean;
  readonly dtype?: Dtype;
  /** Shape of one sample, for a model's first layer. */
  readonly inputShape?: Shape;
  readonly activityRegularizer?: Identifier<Regularizer>;
}

export interface CallOptions {
  /** Training mode (dropout active); taken over by the layers called inside. */
  readonly training?: boolean;
}

export interface WeightOptions {
  readonly shape?: Shape;
  readonly initializer?: Identifier<Initializer>;
  readonly dtype?: Dtype;
  readonly trainable?: boolean;
  readonly regularizer?: Identifier<Regularizer>;
  readonly constraint?: Identifier<Constraint>;
  readonly name?: string;
}

/** Mode of the outermost call that is running, which inner calls inherit, and the losses added inside. */
interface Running {
  readonly training: boolean;
}
let running: Running | null = null;

/**
 * Base of all layers. Subclasses make weights in `build` and compute in `call`; use them through `apply`.
 *
 * @example
 * class Scale extends Layer {
 *   build([, features]: Shape) { this.factor = this.addWeight({ shape: [features], initializer: "ones" }); }
 *   call(x: Tensor) { return x.mul(this.factor); }
 * }
 */
export abstract class Layer {
  static readonly className: string = "Layer";

  readonly name: string;
  readonly dtype: Dtype;
  /** Whether `build` has made the weights. */
  built = false;
  /** `build` runs as part of a call. */
  protected isBuilding = false;
  /** Shape of the last output, the batch axis open; null before the first call. */
  outputShape: OpenShape | null = null;
  readonly inputShape: Shape | undefined;
  /** Only stands for the input (InputLayer): has no weights and no row in tables. */
  readonly isInput: boolean = false;
  readonly activityRegularizer: Regularizer | null;
  #trainable: boolean;
  readonly #added: Variable[] = [];
  #losses: Tensor[] = [];

  constructor(options: LayerOptions = {}) {
    this.name = options.name ?? uniqueName(snakeCase(classNameOf(this)));
    this.dtype = options.dtype ?? "float32";
    this.inputShape = options.inputShape;
    this.activityRegularizer = getRegularizer(options.activityRegularizer);
    this.#trainable = options.trainable ?? true;
  }

  /** Class name as in Keras's files. */
  get className(): string {
    return classNameOf(this);
  }

  /** Makes the weights. Called once, before the first call, with the input's shape (an array of shapes for several inputs). */
  build(_inputShape: Shape): void {}

  /** The computation. Numbers inside are constants. */
  abstract call(inputs: Values, options: Required<CallOptions>): Values;

  /**
   * Computes the layer's output, making its weights first if need be.
   *
   * @param inputs - A tensor or nested numbers; arrays or records of tensors for layers with several inputs.
   * @throws ShapeError if the input does not fit the layer; the message names the layer.
   */
  apply(inputs: TensorLike | Values, options?: CallOptions): Tensor;
  apply<R extends Values>(inputs: TensorLike | Values, options?: CallOptions): R;
  apply(inputs: TensorLike | Values, options: CallOptions = {}): Values {
    const values = toValues(inputs);
    const outer = running;
    const training = options.training ?? outer?.training ?? false;
    if (!outer) for (const layer of this.flattenLayers()) layer.#forgetLosses();
    running = { training };
    try {
      return handleFree(() => {
        this.ensureBuilt(values);
        const result = this.call(values, { training });
        this.note(result);
        return result;
      });
    } finally {
      running = outer;
    }
  }

  private ensureBuilt(values: Values): void {
    if (this.built) return;
    this.isBuilding = true;
    this.build(shapeOfValues(values));
    this.isBuilding = false;
    this.built = true;
  }

  private note(result: Values): void {
    const first = result instanceof Tensor ? result : (Object.values(result)[0] as Tensor | undefined);
    if (!(first instanceof Tensor)) throw badResult(this.name, result);
    this.outputShape = [null, ...first.shape.slice(1)];
    if (!this.activityRegularizer) return;
    for (const one of result instanceof Tensor ? [result] : Object.values(result)) {
      this.addLoss(this.activityRegularizer.apply(one));
    }
  }

  /**
   * Makes a weight and tracks it.
   *
   * @param options - `shape` ([] by default), `initializer` (glorot_uniform; zeros for integers), `trainable`, `regularizer`, `constraint`, `name`.
   */
  addWeight(options: WeightOptions = {}): Variable {
    const {
      shape = [],
      dtype = this.dtype,
      trainable = true,
      name = `variable_${this.#added.length}`,
    } = options;
    const initializer = getInitializer(
      options.initializer ?? (dtype === "float32" ? "glorot_uniform" : "zeros"),
    );
    const initial = handleFree(() => initializer.value(shape, dtype));
    const variable = new Variable(initial, { name, dtype, trainable: trainable && this.#trainable });
    describeWeight(variable, {
      path: `${this.name}/${name}`,
      wanted: trainable,
      regularizer: getRegularizer(options.regularizer),
      constraint: getConstraint(options.constraint),
    });
    this.#added.push(variable);
    return variable;
  }

  /** Adds a term to the model's loss, from inside `call`. */
  addLoss(loss: Tensor): void {
    this.#losses.push(loss.retain());
  }

  /** Layers in fields, arrays and records, in the order in which they were set. */
  get layers(): readonly Layer[] {
    return collectLayers(this);
  }

  /** This layer and everything inside, each once. */
  flattenLayers(): readonly Layer[] {
    const found = new Set<Layer>([this]);
    for (const layer of found) for (const inner of layer.layers) found.add(inner);
    return [...found];
  }

  /** Own variables, the trainable ones first. */
  private get own(): readonly Variable[] {
    const all = [...new Set([...this.#added, ...collectVariables(this)])];
    const isTrained = (variable: Variable) => weightOf(variable)?.wanted ?? variable.trainable;
    return [...all.filter(isTrained), ...all.filter((variable) => !isTrained(variable))];
  }

  /** All weights, this layer's first, then those of the layers inside. */
  get weights(): readonly Variable[] {
    const all = new Set<Variable>(this.own);
    for (const layer of this.layers) for (const variable of layer.weights) all.add(variable);
    return [...all];
  }
  get variables(): readonly Variable[] {
    return this.weights;
  }
  get trainableVariables(): readonly Variable[] {
    return this.#trainable ? this.weights.filter((variable) => variable.trainable) : [];
  }
  get nonTrainableVariables(): readonly Variable[] {
    const trained = new Set(this.trainableVariables);
    return this.weights.filter((variable) => !trained.has(variable));
  }
  get trainableWeights(): readonly Variable[] {
    return this.trainableVariables;
  }
  get nonTrainableWeights(): readonly Variable[] {
    return this.nonTrainableVariables;
  }

  /** Whether the weights are trained; setting it reaches everything inside. Compile again for `fit` to see it. */
  get trainable(): boolean {
    return this.#trainable;
  }
  set trainable(value: boolean) {
    for (const layer of this.flattenLayers()) {
      layer.#trainable = value;
      for (const variable of layer.own) variable.trainable = value && (weightOf(variable)?.wanted ?? true);
    }
  }

  #forgetLosses(): void {
    for (const loss of this.#losses) loss.dispose();
    this.#losses = [];
  }

  /** Terms of the loss besides the compiled one: regularizers of the weights and what `addLoss` added in the last call. */
  get losses(): readonly Tensor[] {
    const added = this.flattenLayers().flatMap((layer) => layer.#losses);
    const penalties = this.trainableVariables.flatMap((variable) => {
      const regularizer = weightOf(variable)?.regularizer;
      return regularizer ? [regularizer.apply(variable)] : [];
    });
    return [...added, ...penalties];
  }

  /** Number of weight elements. @throws StateError before the weights exist. */
  countParams(): number {
    if (!this.built) throw notBuilt("countParams", this.name);
    return this.weights.reduce((sum, variable) => sum + variable.size, 0);
  }

  /** Arguments that make an equal layer; keys are Keras's. */
  getConfig(): Record<string, unknown> {
    return { name: this.name, trainable: this.#trainable, dtype: this.dtype };
  }

  toString(): string {
    return `<${this.className} name=${this.name}, built=${this.built}>`;
  }
}

export function notBuilt(where: string, name: string): StateError {
  return new StateError(where, `"${name}" has no weights yet.`, {
    received: "a layer or model that has not been called.",
    expected: "a built one.",
    fix: "call model.build([null, features]) or apply it to data first.",
  });
}

function badResult(name: string, result: unknown): ShapeError {
  return new ShapeError(name, "call did not return a tensor.", {
    received: String(result),
    expected: "a tensor, or an array or record of tensors.",
    fix: "return the computed tensor from call.",
  });
}

const isPlain = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Nested numbers and typed arrays become tensors; arrays and records of tensors stay. */
export function toValues(inputs: TensorLike | Values): Values {
  if (inputs instanceof Tensor) return inputs;
  if (Array.isArray(inputs) && inputs[0] instanceof Tensor) return inputs as readonly Tensor[];
  if (isPlain(inputs) && !("data" in (inputs as object)))
    return inputs as { readonly [name: string]: Tensor };
  return handleFree(() => tensor(inputs as TensorLike));
}

/** The shape; for several inputs an array (or record) of shapes, which `build` of such layers expects. */
function shapeOfValues(values: Values): Shape {
  if (values instanceof Tensor) return values.shape;
  if (Array.isArray(values)) return values.map((value: Tensor) => value.shape) as unknown as Shape;
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value.shape]),
  ) as unknown as Shape;
}
