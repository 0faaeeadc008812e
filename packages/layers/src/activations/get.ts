/** @file Activations by name. Tables of names are what pulls code into a page, so only functions that are small stand here. */
import { ops, type Tensor } from "@tenrec/tensor";
import { findName, type Identifier } from "../identifiers.ts";

/** A function of a layer's output. */
export type Activation = (x: Tensor) => Tensor;

const byName: Readonly<Record<string, Activation>> = {
  linear: (x) => x,
  relu: (x) => ops.relu(x),
  sigmoid: ops.sigmoid,
  tanh: ops.tanh,
  softmax: (x) => ops.softmax(x),
  log_softmax: (x) => ops.logSoftmax(x),
  leaky_relu: (x) => ops.leakyRelu(x),
  relu6: ops.relu6,
  elu: (x) => ops.elu(x),
  selu: ops.selu,
  celu: (x) => ops.celu(x),
  gelu: (x) => ops.gelu(x, { approximate: false }),
  silu: ops.silu,
  swish: ops.silu,
  mish: ops.mish,
  glu: (x) => ops.glu(x),
  exponential: ops.exp,
  softplus: ops.softplus,
  softsign: ops.softsign,
  squareplus: (x) => ops.squareplus(x),
  sparse_plus: ops.sparsePlus,
  sparse_sigmoid: ops.sparseSigmoid,
  log_sigmoid: ops.logSigmoid,
  hard_sigmoid: ops.hardSigmoid,
  hard_silu: ops.hardSilu,
  hard_swish: ops.hardSilu,
  hard_tanh: ops.hardTanh,
  hard_shrink: (x) => ops.hardShrink(x),
  soft_shrink: (x) => ops.softShrink(x),
  tanh_shrink: ops.tanhShrink,
};

/** The activation of a name (linear for none); functions are returned as they are. */
export function getActivation(identifier: Identifier<Activation>): Activation {
  if (typeof identifier === "function") return identifier;
  const name = findName("activation", "activation", identifier ?? "linear", Object.keys(byName));
  return byName[name] as Activation;
}

/** Name of an activation from the table, for configurations; the function's own name otherwise. */
export function activationName(activation: Activation): string {
  return Object.keys(byName).find((name) => byName[name] === activation) ?? activation.name;
}
