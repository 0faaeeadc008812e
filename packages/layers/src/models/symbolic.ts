/** @file What symbolic tensors are made of: calls of layers, and arguments that hold symbolic tensors. */
import type { CallOptions, Layer, OpenShape } from "../layer.ts";
import type { KerasTensor } from "./kerasTensor.ts";

/** What layers take and give when a model is described: a symbolic tensor, or arrays or records of them. */
export type SymbolicValues = KerasTensor | readonly KerasTensor[] | { readonly [name: string]: KerasTensor };

/** One call of a layer on symbolic tensors (a node of Keras's graph). */
export class SymbolicCall {
  readonly layer: Layer;
  /** As they were given. */
  readonly inputs: SymbolicValues;
  readonly options: CallOptions;
  readonly outputs: SymbolicValues;
  /** Which call of its layer it is. */
  readonly index: number;

  constructor(
    layer: Layer,
    inputs: SymbolicValues,
    options: CallOptions,
    outputsOf: (call: SymbolicCall) => SymbolicValues,
  ) {
    this.layer = layer;
    this.inputs = inputs;
    this.options = options;
    this.index = layer.inboundCalls.length;
    this.outputs = outputsOf(this);
    layer.noteCall(this);
  }

  /** Every symbolic tensor that the call uses; options may be symbolic, too. */
  get inputTensors(): readonly KerasTensor[] {
    return [...symbolicsIn(this.inputs), ...symbolicsIn(this.options)];
  }
  get outputTensors(): readonly KerasTensor[] {
    return symbolicsIn(this.outputs);
  }
}

const isSymbolic = (value: unknown): value is KerasTensor =>
  typeof value === "object" && value !== null && "isSymbolic" in value;

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** The first symbolic tensor of an argument. */
export function findSymbolic(value: unknown): KerasTensor | undefined {
  if (isSymbolic(value)) return value;
  if (Array.isArray(value)) return value.find(isSymbolic);
  return isPlain(value) ? Object.values(value).find(isSymbolic) : undefined;
}

/** `(None, 784)`, as in Keras's tables. */
export const shapeText = (shape: OpenShape): string =>
  `(${shape.map((extent) => extent ?? "None").join(", ")}${shape.length === 1 ? "," : ""})`;

/** The same structure with every symbolic tensor replaced. */
export function mapSymbolic(value: unknown, of: (x: KerasTensor) => unknown): unknown {
  if (isSymbolic(value)) return of(value);
  if (Array.isArray(value)) return value.map((one) => mapSymbolic(one, of));
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, mapSymbolic(one, of)]));
}

export function symbolicsIn(value: unknown): KerasTensor[] {
  const found: KerasTensor[] = [];
  mapSymbolic(value, (x) => found.push(x));
  return found;
}
