/** @file Layer: weights and a computation. Weights are found through fields, arrays, records and nested layers. */
import {
  type Dtype,
  handleFree,
  noteMaker,
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
import { attachMasks, type Mask, maskOf, masksOf } from "./masks.ts";
import type { KerasTensor } from "./models/kerasTensor.ts";
import { findSymbolic, type SymbolicCall, type SymbolicValues } from "./models/symbolic.ts";
import { classNameOf, snakeCase, uniqueName } from "./naming.ts";
import { inFloat32, type Precision, precision, precisionOf } from "./precision.ts";
import { getRegularizer, type Regularizer } from "./regularizers.ts";
import { shapesOnly } from "./shapesOnly.ts";
import { collectLayers, collectVariables } from "./tracking.ts";
import { leavesOf } from "./values.ts";
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
  /** In what the layer computes and keeps its weights: a dtype, "mixed_float16" or a DTypePolicy; the one of `setDtypePolicy` by default. */
  readonly dtype?: Dtype | "mixed_float16" | Precision | undefined;
  /** Shape of one sample, for a model's first layer. */
  readonly inputShape?: Shape;
  readonly activityRegularizer?: Identifier<Regularizer>;
}

export interface CallOptions {
  /** Training mode (dropout active); taken over by the layers called inside. */
  readonly training?: boolean;
  /** Which steps of the input count; by default the mask that the layer before has given. */
  readonly mask?: Mask | null;
}
/** Options of `apply`: those of every layer, and those that the layer's own `call` reads. */
export type ApplyOptions = CallOptions | (CallOptions & Readonly<Record<string, unknown>>);
/** What `call` gets: the options of `apply` with the mode and the mask filled in. */
export interface RunOptions extends CallOptions {
  readonly training: boolean;
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

/** The call that is running: its mode, which inner calls inherit, and the names of the layers around and its own. */
interface Running {
  readonly training: boolean;
  readonly path: string;
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
  readonly dtypePolicy: Precision;
  /** Whether floating-point inputs are brought to the compute dtype. */
  readonly autocast: boolean = true;
  /** What `call` works in where that is not the compute dtype: float32 for sums that float16 would spoil. */
  readonly innerDtype: Dtype | null = null;
  /** Whether `build` has made the weights. */
  built = false;
  /** `build` runs as part of a call. */
  protected isBuilding = false;
  /** Whether masks pass through: `computeMask` gives the input's by default. */
  supportsMasking = false;
  /** Shape of the last output, the batch axis open; null before the first call. */
  outputShape: OpenShape | null = null;
  readonly inputShape: Shape | undefined;
  /** Only stands for the input (InputLayer): has no weights and no row in tables. */
  readonly isInput: boolean = false;
  readonly activityRegularizer: Regularizer | null;
  #trainable: boolean;
  readonly #added: Variable[] = [];
  #losses: Tensor[] = [];
  readonly #calls: SymbolicCall[] = [];
  /**
   * Symbolic input and output of the layer's first call on symbolic tensors (arrays or records where it has several), for models
   * of a model's parts: `new Model({ inputs: base.inputs, outputs: base.getLayer("features").output })`.
   */
  // Subclasses may have fields of these names for layers of their own, which any other type would forbid.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  declare readonly input: any;
  // biome-ignore lint/suspicious/noExplicitAny: see above
  declare readonly output: any;

  constructor(options: LayerOptions = {}) {
    this.name = options.name ?? uniqueName(snakeCase(classNameOf(this)));
    this.dtypePolicy = precisionOf(options.dtype);
    this.inputShape = options.inputShape;
    this.activityRegularizer = getRegularizer(options.activityRegularizer);
    this.#trainable = options.trainable ?? true;
  }

  /** Dtype of the weights. */
  get dtype(): Dtype {
    return this.dtypePolicy.variableDtype;
  }
  get variableDtype(): Dtype {
    return this.dtype;
  }
  /** Dtype of floating-point outputs, and of weights as `call` reads them. */
  get computeDtype(): Dtype {
    return this.dtypePolicy.computeDtype;
  }
  /** Class name as in Keras's files. */
  get className(): string {
    return classNameOf(this);
  }

  /** Makes the weights. Called once, before the first call, with the input's shape (an array of shapes for several inputs). */
  build(_inputShape: Shape): void {}

  /** The computation. Numbers inside are constants. */
  abstract call(inputs: Values, options: RunOptions): Values;

  /** Mask of the output, given the inputs and their masks. */
  computeMask(_inputs: Values, previous: Mask | null): Mask | null {
    return this.supportsMasking ? previous : null;
  }

  /**
   * Computes the layer's output, making its weights first if need be. On symbolic tensors (`Input`) nothing is computed: the call is
   * noted for `new Model({ inputs, outputs })`, and symbolic outputs with their shapes come back.
   *
   * @param inputs - A tensor or nested numbers; arrays or records of tensors for layers with several inputs.
   * @throws ShapeError if the input does not fit the layer; the message names the layer.
   */
  apply(inputs: SymbolicValues, options?: SymbolicOptions): KerasTensor;
  apply<R extends SymbolicValues>(inputs: SymbolicValues, options?: SymbolicOptions): R;
  apply(inputs: TensorLike | Values, options?: ApplyOptions): Tensor;
  apply<R extends Values>(inputs: TensorLike | Values, options?: ApplyOptions): R;
  apply(inputs: TensorLike | Values | SymbolicValues, options: CallOptions = {}): Values | SymbolicValues {
    const symbolic = findSymbolic(inputs) ?? Object.values(options).map(findSymbolic).find(Boolean);
    if (symbolic) return symbolic.applyLayer(this, inputs as SymbolicValues, options);
    return this.run(toValues(inputs as TensorLike | Values), options);
  }

  private run(values: Values, options: CallOptions): Values {
    const outer = running;
    const training = options.training ?? outer?.training ?? false;
    if (!outer) this.forgetLosses();
    const path = outer ? `${outer.path}/${this.name}` : this.name;
    running = { training, path };
    noteMaker(path);
    try {
      const [result] = handleFree(() => {
        this.ensureBuilt(values);
        const previous = options.mask ?? masksOf(values);
        const given = previous ? { ...options, mask: previous, training } : { ...options, training };
        const { mixing } = precision;
        const result = mixing ? mixing.call(this, values, given) : this.call(values, given);
        this.note(result);
        const outputs = leavesOf(result);
        const mask = this.computeMask(values, previous);
        if (mask) attachMasks(outputs, mask);
        // Who gets the result may ask for its masks as well.
        return [result, outputs.map(maskOf)] as const;
      });
      return result;
    } finally {
      running = outer;
      noteMaker(outer?.path ?? "");
    }
  }

  private ensureBuilt(values: Values): void {
    if (!this.built) this.buildFor(shapeOfValues(values));
  }

  /** Makes the weights as part of a call with inputs of this shape. */
  buildFor(shape: Shape): void {
    if (this.built) return;
    this.isBuilding = true;
    this.build(shape);
    this.isBuilding = false;
    this.built = true;
  }

  /**
   * What `apply` would give for these values, for the shapes alone; nothing is computed. `shape` is what `build` gets where weights are
   * missing (null for open extents).
   */
  trace(values: Values, options: CallOptions, shape: OpenShape): Values {
    this.buildFor(shape as Shape);
    const result = shapesOnly(() => this.run(values, { ...options, training: false }));
    this.forgetLosses();
    return result;
  }

  /** Calls on symbolic tensors, in order. */
  get inboundCalls(): readonly SymbolicCall[] {
    return this.#calls;
  }
  /** Notes a call on symbolic tensors; the first one is what `input` and `output` show. */
  noteCall(call: SymbolicCall): void {
    this.#calls.push(call);
    for (const [key, value] of [
      ["input", call.inputs],
      ["output", call.outputs],
    ] as const) {
      if (!(key in this)) Object.defineProperty(this, key, { value, configurable: true, writable: true });
    }
  }

  private note(result: Values): void {
    const first = result instanceof Tensor ? result : (Object.values(result)[0] as Tensor | undefined);
    if (!(first instanceof Tensor)) throw badResult(this.name, result);
    this.outputShape = [null, ...first.shape.slice(1)];
    if (!this.activityRegularizer) return;
    for (const one of result instanceof Tensor ? [result] : Object.values(result)) {
      this.addLoss(this.activityRegularizer.apply(inFloat32(one) as Tensor));
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

  private forgetLosses(): void {
    for (const layer of this.flattenLayers()) {
      for (const loss of layer.#losses) loss.dispose();
      layer.#losses = [];
    }
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
    return { name: this.name, trainable: this.#trainable, dtype: this.dtypePolicy.name };
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

/** Options of a call on symbolic tensors; a layer's own options may be symbolic, too. */
export type SymbolicOptions = Omit<CallOptions, "mask"> & Readonly<Record<string, unknown>>;

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
