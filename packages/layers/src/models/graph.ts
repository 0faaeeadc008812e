/** @file Graph: the calls between a model's symbolic inputs and outputs, ordered as Keras orders them. */
import { ops, ShapeError, type Tensor, ValueError } from "@tenrec/tensor";
import type { CallOptions, Layer, RunOptions, Values } from "../layer.ts";
import { attachMasks, maskOf } from "../masks.ts";
import type { CompileOptions } from "../training/compiled.ts";
import { checkOutputs } from "../training/outputs.ts";
import { leavesOf } from "../values.ts";
import type { KerasTensor } from "./kerasTensor.ts";
import { mapSymbolic, type SymbolicCall, type SymbolicValues, shapeText, symbolicsIn } from "./symbolic.ts";

export class Graph {
  readonly inputs: readonly KerasTensor[];
  readonly outputs: readonly KerasTensor[];
  /** Keys of a record of inputs, or their own names. */
  readonly inputNames: readonly string[];
  /** Keys of a record of outputs, or the names of the layers that they come from. */
  readonly outputNames: readonly string[];
  /** In Keras's order: by distance from the outputs, then as a walk from the outputs meets them. */
  readonly layers: readonly Layer[];
  /** In the order in which they run. */
  readonly calls: readonly SymbolicCall[];
  /** Calls by distance from the outputs. */
  readonly depths: ReadonlyMap<SymbolicCall, number>;
  readonly #structure: SymbolicValues;

  constructor(inputs: SymbolicValues, outputs: SymbolicValues) {
    const [given, wanted] = [sorted(inputs), sorted(outputs)];
    this.inputs = checkSymbolic("inputs", given);
    this.outputs = checkSymbolic("outputs", wanted);
    this.inputNames = isRecord(given) ? Object.keys(given) : this.inputs.map(({ name }) => name);
    this.outputNames = isRecord(wanted)
      ? Object.keys(wanted)
      : this.outputs.map(({ call }) => call.layer.name);
    // One output in an array comes back alone, as in Keras.
    this.#structure =
      Array.isArray(wanted) && wanted.length === 1 ? (this.outputs[0] as KerasTensor) : wanted;
    const { calls, order } = walk(this.inputs, this.outputs);
    const { depths, layerDepths } = measure(this.inputs, calls, order);
    this.depths = depths;
    this.calls = byDepth(depths);
    this.layers = [...layerDepths.keys()].sort(
      (a, b) =>
        (layerDepths.get(b) as number) - (layerDepths.get(a) as number) ||
        (order.get(a) as number) - (order.get(b) as number),
    );
    checkConnected(this.inputs, this.calls);
    checkNames(this.layers);
  }

  /** Shape of one sample, where there is one input and its extents are known. */
  get inputShape(): readonly number[] | null {
    const [first, second] = this.inputs;
    const sample = first?.shape.slice(1) ?? [];
    return second || sample.includes(null) ? null : (sample as number[]);
  }

  /** @throws ValueError if arguments of `compile` speak of other outputs than there are. */
  checkCompile(options: CompileOptions): void {
    checkOutputs(options, this.outputNames);
  }

  /** Runs the layers on data. */
  call(values: Values, { training, mask }: RunOptions): Values {
    const flat = this.#fit(values);
    if (mask) attachMasks(flat, mask);
    const known = new Map<KerasTensor, Tensor>(this.inputs.map((input, i) => [input, flat[i] as Tensor]));
    const fill = (x: KerasTensor) => known.get(x);
    for (const { layer, inputs, options, outputTensors } of this.calls) {
      if (outputTensors.every((output) => known.has(output))) continue;
      const given = { training, ...(mapSymbolic(options, fill) as CallOptions) };
      const result = leavesOf(layer.apply<Values>(mapSymbolic(inputs, fill) as Values, given));
      outputTensors.forEach((output, i) => known.set(output, result[i] as Tensor));
    }
    return mapSymbolic(this.#structure, fill) as Values;
  }

  /** The values in the order of the inputs, in their dtype and rank. */
  #fit(values: Values): Tensor[] {
    const { inputs, inputNames } = this;
    const isNamed = !("dtype" in values) && !Array.isArray(values);
    const found = isNamed
      ? inputNames.map((name) => (values as Readonly<Record<string, Tensor>>)[name])
      : leavesOf(values);
    if (found.length !== inputs.length || found.includes(undefined))
      throw wrongInputs(inputNames, isNamed ? Object.keys(values) : found.length);
    return inputs.map((input, i) => fitOne(input, inputNames[i] as string, found[i] as Tensor));
  }
}

const isRecord = (value: SymbolicValues): boolean =>
  typeof value === "object" && value !== null && !("isSymbolic" in value) && !Array.isArray(value);

/** Records in the order of their keys: Keras's order of inputs and outputs, and with it of layers and weights. */
function sorted(values: SymbolicValues): SymbolicValues {
  if (!isRecord(values)) return values;
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Brings a value to the rank of its input where they differ by a last axis of one, and to its dtype; checks the extents. */
function fitOne(input: KerasTensor, name: string, x: Tensor): Tensor {
  const { shape, dtype } = input;
  const isLong = x.ndim === shape.length + 1 && x.shape.at(-1) === 1;
  const isShort = x.ndim === shape.length - 1 && shape.at(-1) === 1;
  const ranked = isLong ? ops.squeeze(x, { axis: -1 }) : isShort ? ops.expandDims(x, -1) : x;
  const fits =
    ranked.ndim === shape.length &&
    shape.every((extent, axis) => extent === null || axis === 0 || extent === ranked.shape[axis]);
  if (!fits) throw wrongShape(name, input, x);
  const result = ranked.dtype === dtype ? ranked : ops.cast(ranked, dtype);
  const mask = result === x ? null : maskOf(x);
  if (mask) attachMasks([result], mask);
  return result;
}

/** Calls that the outputs need, each after what it needs; and the layers in the order in which the walk meets them. */
function walk(inputs: readonly KerasTensor[], outputs: readonly KerasTensor[]) {
  const seen = new Set<SymbolicCall>();
  const calls: SymbolicCall[] = [];
  const order = new Map<Layer, number>();
  const visit = (tensor: KerasTensor): void => {
    const { call } = tensor;
    // What lies before an input that another layer gives is not part of the model.
    if (seen.has(call) || (!call.layer.isInput && inputs.includes(tensor))) return;
    seen.add(call);
    if (!order.has(call.layer)) order.set(call.layer, order.size);
    call.inputTensors.forEach(visit);
    calls.push(call);
  };
  outputs.forEach(visit);
  return { calls, order };
}

/** Distance of calls and layers from the outputs: a layer's is that of its farthest call. */
function measure(inputs: readonly KerasTensor[], calls: readonly SymbolicCall[], order: Map<Layer, number>) {
  const depths = new Map<SymbolicCall, number>();
  const layerDepths = new Map<Layer, number>();
  const inGraph = new Set(calls);
  for (const call of calls.toReversed()) {
    const depth = Math.max(depths.get(call) ?? 0, layerDepths.get(call.layer) ?? 0);
    layerDepths.set(call.layer, depth);
    depths.set(call, depth);
    for (const { call: before } of call.inputTensors) {
      if (inGraph.has(before)) depths.set(before, Math.max(depth + 1, depths.get(before) ?? 0));
    }
  }
  // An input that no output needs is still an input.
  for (const { call } of inputs) {
    if (!call.layer.isInput || layerDepths.has(call.layer)) continue;
    layerDepths.set(call.layer, 0);
    depths.set(call, 0);
    order.set(call.layer, -1);
  }
  return { depths, layerDepths };
}

const byDepth = (depths: ReadonlyMap<SymbolicCall, number>): SymbolicCall[] =>
  [...depths].sort(([, a], [, b]) => b - a).map(([call]) => call);

function checkSymbolic(argument: string, values: SymbolicValues): KerasTensor[] {
  const isNest = Array.isArray(values) || isRecord(values);
  const leaves: readonly unknown[] = isNest ? Object.values(values) : [values];
  const found = symbolicsIn(values);
  const isTwice = argument === "inputs" && new Set(found).size < found.length;
  if (found.length > 0 && found.length === leaves.length && !isTwice) return found;
  throw new ValueError(
    "Model",
    isTwice ? "an input is given twice." : `${argument} has a value that is not symbolic.`,
    {
      received: `${argument} = ${leaves.map(String).join(", ")}`,
      expected: `${isTwice ? "each symbolic tensor once" : "a symbolic tensor, or an array or record of them"}.`,
      fix: "start from Input({ shape }) and apply layers to it.",
    },
  );
}

function checkConnected(inputs: readonly KerasTensor[], calls: readonly SymbolicCall[]): void {
  const known = new Set(inputs);
  for (const call of calls) {
    const { layer, inputTensors, outputTensors } = call;
    const missing = inputTensors.find((tensor) => !known.has(tensor));
    if (missing) throw disconnected(layer, missing, inputs);
    if (layer.isInput && !outputTensors.every((tensor) => known.has(tensor))) continue;
    for (const tensor of outputTensors) known.add(tensor);
  }
}

function disconnected(layer: Layer, missing: KerasTensor, inputs: readonly KerasTensor[]): ValueError {
  return new ValueError(
    "Model",
    `the graph is disconnected: "${layer.name}" needs a tensor that the inputs do not give.`,
    {
      received: `inputs ${inputs.map(({ name }) => `"${name}"`).join(", ")}; missing: ${missing}.`,
      expected: "every output computable from the inputs.",
      fix: missing.call.layer.isInput
        ? `add the tensor of Input "${missing.name}" to inputs.`
        : "check which tensors the layers were applied to.",
    },
  );
}

function checkNames(layers: readonly Layer[]): void {
  const names = layers.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice === undefined) return;
  throw new ValueError("Model", `two layers are called "${twice}".`, {
    received: names.join(", "),
    expected: "a name of its own for each layer: files and getLayer find layers by name.",
    fix: "pass another { name } to one of them, or none.",
  });
}

function wrongInputs(names: readonly string[], found: readonly string[] | number): ValueError {
  return new ValueError("Model", "the data are not what the inputs ask for.", {
    received:
      typeof found === "number"
        ? `${found} value${found === 1 ? "" : "s"}.`
        : `a record of ${found.join(", ")}.`,
    expected: `${names.length}: ${names.join(", ")}.`,
    fix: "pass an array in this order, or a record with these names.",
  });
}

function wrongShape(name: string, input: KerasTensor, x: Tensor): ShapeError {
  return new ShapeError("Model", `the data do not fit input "${name}".`, {
    received: `shape [${x.shape.join()}].`,
    expected: `${shapeText(input.shape)}.`,
    fix: "check the data, or the shape given to Input.",
  });
}
