/** @file remat: layers whose inner values are computed again in the backward pass instead of kept. */
import { checkpoint, type Tensor, ValueError } from "@tenrec/tensor";
import { Layer, type RunOptions, type Values } from "./layer.ts";
import { attachMasks, maskOf } from "./masks.ts";
import { leavesOf } from "./values.ts";

type AnyFunction = (...args: never[]) => unknown;

const rematerialized = /*#__PURE__*/ new WeakSet<Layer>();

/**
 * Memory for time. A layer (a block, a model inside a model) keeps nothing of its inside for gradients: it is computed again when the
 * backward pass gets there. A function becomes one that does so, as `checkpoint` makes it.
 *
 * It pays for blocks with much inside, such as a transformer's, not for single Dense layers. What a layer inside adds with `addLoss`, an
 * activity regularizer's penalty included, cannot leave such a block. Not part of a saved configuration.
 *
 * @returns the same layer, or the new function.
 * @see keras.remat
 * @example
 * const model = new Sequential([...Array.from({ length: 12 }, () => remat(new Block(128))), new layers.Dense(10)]);
 */
export function remat<L extends Layer>(layer: L): L;
export function remat<F extends AnyFunction>(fn: F): F;
export function remat(target: Layer | AnyFunction): Layer | AnyFunction {
  if (!(target instanceof Layer)) return checkpoint(target);
  if (rematerialized.has(target)) return target;
  rematerialized.add(target);
  const call = target.call.bind(target);
  let isComplete = false;
  const through = (inputs: Values, options: RunOptions): Values => {
    // Weights that are made in the first call cannot be made in what is computed twice.
    const isFirst = !isComplete && target.flattenLayers().some(({ built }) => !built);
    isComplete = true;
    return isFirst ? call(inputs, options) : callAgain(call, inputs, options);
  };
  Object.defineProperty(target, "call", { value: through, configurable: true, writable: true });
  return target;
}

/** Masks that the layer gives to its results come out beside them. */
function callAgain(call: Layer["call"], inputs: Values, options: RunOptions): Values {
  let masked: readonly number[] = [];
  const { result, masks } = checkpoint((): { result: Values; masks: readonly Tensor[] } => {
    const result = call(inputs, options);
    const all = leavesOf(result).map(maskOf);
    masked = all.flatMap((mask, i) => (mask ? [i] : []));
    return { result, masks: all.filter((mask) => mask !== null) };
  })();
  const outputs = leavesOf(result);
  masked.forEach((position, k) => {
    attachMasks([outputs[position] as Tensor], masks[k] as Tensor);
  });
  return result;
}

export interface RematScopeOptions {
  /** Which layers: all, those whose output has more elements per sample than a threshold, or those of a list of names. */
  readonly mode?: "full" | "larger_than" | "list_of_layers" | null;
  /** For "larger_than". */
  readonly outputSizeThreshold?: number;
  /** For "list_of_layers". */
  readonly layerNames?: readonly string[];
}

/**
 * `remat` for the layers of what a function builds. Keras's mode "activations" has no counterpart: the compiler computes short chains of
 * elementwise operations again by itself.
 *
 * @see keras.RematScope
 * @example
 * const model = new RematScope({ mode: "list_of_layers", layerNames: ["block_1", "block_2"] }).run(buildModel);
 */
export class RematScope {
  readonly #wants: (layer: Layer) => boolean;

  /** @throws ValueError for an unknown mode. */
  constructor(options: RematScopeOptions = {}) {
    const { mode = "full", outputSizeThreshold = 1024, layerNames = [] } = options;
    const choices: Readonly<Record<string, (layer: Layer) => boolean>> = {
      full: () => true,
      larger_than: ({ outputShape }) => sampleSize(outputShape) > outputSizeThreshold,
      list_of_layers: ({ name }) => layerNames.includes(name),
      null: () => false,
    };
    const wants = choices[String(mode)];
    if (!wants) throw badMode(mode);
    this.#wants = wants;
  }

  /** Builds a model (or a list of layers) and chooses among its layers; of a list, among these. */
  run<T extends Layer | readonly Layer[]>(build: () => T): T {
    const built = build();
    const layers = built instanceof Layer ? built.layers : (built as readonly Layer[]);
    for (const layer of layers) if (!layer.isInput && this.#wants(layer)) remat(layer);
    return built;
  }
}

const sampleSize = (shape: Layer["outputShape"]): number =>
  (shape ?? []).slice(1).reduce<number>((size, extent) => size * (extent ?? 1), shape ? 1 : 0);

function badMode(mode: unknown): ValueError {
  return new ValueError("RematScope", "unknown mode.", {
    received: `mode ${JSON.stringify(mode)}.`,
    expected: '"full", "larger_than", "list_of_layers" or null.',
    fix: "name the layers with list_of_layers, or call remat(layer) on them.",
  });
}
