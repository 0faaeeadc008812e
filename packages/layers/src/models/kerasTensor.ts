/** @file KerasTensor: a value without data, which layers are applied to in order to describe a model. */
import { type Dtype, handleFree, ops, StateError, Tensor, ValueError } from "@tenrec/tensor";
import type { CallOptions, Layer, OpenShape, Values } from "../layer.ts";
import { uniqueName } from "../naming.ts";
import { computeDtype } from "../tensors.ts";
import { leavesOf, mapValues, type Nest, Spec } from "../values.ts";
import { Graph } from "./graph.ts";
import { mapSymbolic, SymbolicCall, type SymbolicValues, shapeText, symbolicsIn } from "./symbolic.ts";

/**
 * A tensor without data: shape (null for the batch axis and other open ones), dtype and the call that it comes from. Made by `Input` and by
 * layers that are applied to symbolic tensors.
 *
 * @example
 * const x = Input({ shape: [784] }); // x.shape: [null, 784]
 * const y = new layers.Dense(10).apply(x); // y.shape: [null, 10]
 */
export class KerasTensor {
  readonly isSymbolic = true;
  readonly shape: OpenShape;
  readonly dtype: Dtype;
  readonly name: string;
  readonly call: SymbolicCall;
  /** Position among the outputs of its call. */
  readonly index: number;

  constructor(shape: OpenShape, dtype: Dtype, name: string, call: SymbolicCall, index: number) {
    this.shape = shape;
    this.dtype = dtype;
    this.name = name;
    this.call = call;
    this.index = index;
  }

  get ndim(): number {
    return this.shape.length;
  }

  /** @throws StateError: there are none. Operations come here when they are given a symbolic tensor. */
  get data(): never {
    throw new StateError("KerasTensor", "a symbolic tensor has no numbers.", {
      received: `${this} in an operation on data.`,
      expected: "layers applied to it: layers.Add, layers.Concatenate, ...",
      fix: "wrap the operation: new layers.Lambda((x) => ...).apply(symbolic), or a Layer subclass.",
    });
  }

  toString(): string {
    return `<KerasTensor shape=${shapeText(this.shape)}, dtype=${this.dtype}, name=${this.name}>`;
  }

  /** Notes that `layer` is applied to symbolic tensors. What only pages with symbolic tensors need is reached through them. */
  applyLayer(layer: Layer, inputs: SymbolicValues, options: CallOptions): SymbolicValues {
    const call = new SymbolicCall(layer, inputs, options, (made) =>
      inferOutputs(
        layer,
        inputs,
        options,
        (shape, dtype, i) => new KerasTensor(shape, dtype, uniqueName("keras_tensor"), made, i),
      ),
    );
    layer.outputShape = call.outputTensors[0]?.shape ?? null;
    return call.outputs;
  }

  /** The graph between inputs and outputs, for `new Model({ inputs, outputs })`. */
  makeGraph(inputs: SymbolicValues, outputs: SymbolicValues): Graph {
    return new Graph(inputs, outputs);
  }
}

/**
 * Extents that stand for open axes in two recordings which are never computed: extents of the result that differ between them are open.
 * Highly composite numbers, so that sequences and images of any size can be halved and joined again.
 */
const batches = [2, 3] as const;
const extents = [480, 960] as const;

function inferOutputs(
  layer: Layer,
  inputs: SymbolicValues,
  options: CallOptions,
  make: (shape: OpenShape, dtype: Dtype, i: number) => KerasTensor,
): SymbolicValues {
  const isOpen = symbolicsIn([inputs, options]).some(({ shape }) => shape.includes(null));
  const first = record(layer, inputs, options, 0);
  const second = leavesOf(isOpen ? record(layer, inputs, options, 1) : first);
  return mapValues(first, ({ shape, dtype }, i) => {
    const other = second[i]?.shape ?? [];
    return make(
      shape.map((extent, axis) => (extent === other[axis] ? extent : null)),
      dtype,
      i,
    );
  });
}

/** Applies the layer to zeros that are never computed. */
function record(layer: Layer, inputs: SymbolicValues, options: CallOptions, turn: 0 | 1): Nest<Spec> {
  const zeros = ({ shape, dtype }: KerasTensor): Tensor =>
    ops.zeros(
      shape.map((extent, axis) => extent ?? (axis === 0 ? batches[turn] : extents[turn])),
      { dtype: computeDtype(dtype) },
    );
  // Weights of open extents cannot be made: `build` sees them as null.
  const built = mapSymbolic(inputs, ({ shape }) => [shape[0] ?? batches[0], ...shape.slice(1)]);
  return handleFree(() => {
    const values = mapSymbolic(inputs, zeros) as Values;
    checkLeaves(layer.name, values);
    const result = layer.trace(values, mapSymbolic(options, zeros) as CallOptions, built as OpenShape);
    return mapValues(result, (y) => new Spec(y.shape, y.dtype));
  });
}

function checkLeaves(name: string, values: Values): void {
  const wrong = values instanceof Tensor ? [] : Object.values(values).filter((x) => !(x instanceof Tensor));
  if (wrong.length === 0) return;
  throw new ValueError(name, "an input is neither symbolic nor a tensor.", {
    received: String(wrong[0]),
    expected: "symbolic tensors; constants beside them as tensors.",
    fix: "wrap constants with tensor(data).",
  });
}
