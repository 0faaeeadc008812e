/** @file Activations: functions of one tensor, under Keras's names. */
import { ops, type Tensor } from "@tenrec/tensor";

export { getActivation } from "./get.ts";

/** x itself. */
export const linear = (x: Tensor): Tensor => x;

/** GELU; Keras's activation is exact by default, unlike its op. */
export const gelu = (x: Tensor, { approximate = false }: { readonly approximate?: boolean } = {}): Tensor =>
  ops.gelu(x, { approximate });

export const celu = ops.celu;
export const elu = ops.elu;
export const exponential = ops.exp;
export const glu = ops.glu;
export const hardShrink = ops.hardShrink;
export const hardSigmoid = ops.hardSigmoid;
export const hardSilu = ops.hardSilu;
export const hardSwish = ops.hardSilu;
export const hardTanh = ops.hardTanh;
export const leakyRelu = ops.leakyRelu;
export const logSigmoid = ops.logSigmoid;
export const logSoftmax = ops.logSoftmax;
export const mish = ops.mish;
export const relu = ops.relu;
export const relu6 = ops.relu6;
export const selu = ops.selu;
export const sigmoid = ops.sigmoid;
export const silu = ops.silu;
export const softmax = ops.softmax;
export const softplus = ops.softplus;
export const softShrink = ops.softShrink;
export const softsign = ops.softsign;
export const sparsePlus = ops.sparsePlus;
export const sparseSigmoid = ops.sparseSigmoid;
export const squareplus = ops.squareplus;
export const swish = ops.silu;
export const tanh = ops.tanh;
export const tanhShrink = ops.tanhShrink;
export const threshold = ops.threshold;
