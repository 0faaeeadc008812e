// What a workload gives to every library alike: batches, and initial weights under names of the form "layer/weight".
import { glorotUniform } from "./random.ts";

/** A row-major array. */
export interface Values {
  data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
  shape: number[];
}

/** In Keras's shapes; the order is that of Keras's `model.weights`. */
export type Weights = Record<string, Values>;

export interface Batch {
  x: Values;
  y: Values;
}

/** A model to train, without the model itself: each library writes that in its own way. */
export interface TrainingProblem {
  weights: Weights;
  batches: Batch[];
}

/** Slow enough that rounding does not grow to a difference of losses within the steps of a run. */
export const learningRate = 2e-4;
export const beta1 = 0.9;
export const beta2 = 0.999;
/** Small, since TensorFlow.js adds it after the bias correction and Keras before: at 1e-7 losses differ by 8e-4. */
export const epsilon = 1e-8;

/** Numbers of an operation's result that are compared: few enough for a sum without much rounding. */
export const checkedLength = 4096;

/** Running statistics of a normalisation: kept by every library, trained by none. */
export const isStatistic = (name: string): boolean => name.includes("/moving_");

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, extent) => size * extent, 1);

export function filled(shape: number[], value = 0): Values {
  return { data: new Float32Array(sizeOf(shape)).fill(value), shape };
}

/** Numbers of mean 0, uniform within `limit` either way. */
export function uniformValues(shape: number[], limit: number, uniform: () => number): Values {
  return { data: Float32Array.from({ length: sizeOf(shape) }, () => (2 * uniform() - 1) * limit), shape };
}

/** Integers below `end`. */
export function integers(shape: number[], end: number, uniform: () => number): Values {
  return { data: Int32Array.from({ length: sizeOf(shape) }, () => Math.floor(uniform() * end)), shape };
}

/** Glorot's initial weights; the leading extents are a convolution's window. */
export function glorot(shape: number[], uniform: () => number): Values {
  const [rows, columns] = shape.slice(-2) as [number, number];
  const window = sizeOf(shape.slice(0, -2));
  return { data: glorotUniform(rows * window, columns * window, uniform, sizeOf(shape)), shape };
}

/** Kernel and bias of a dense layer or a convolution. */
export function kernelAndBias(layer: string, shape: number[], uniform: () => number): Weights {
  return { [`${layer}/kernel`]: glorot(shape, uniform), [`${layer}/bias`]: filled([shape.at(-1)!]) };
}

/** The first extent counts samples: all of them in one array, for libraries that cut batches themselves. */
export function joined(parts: readonly Values[]): Values {
  const [first] = parts as [Values];
  const Data = first.data.constructor as Float32ArrayConstructor;
  const data = new Data(parts.length * first.data.length) as Float32Array<ArrayBuffer>;
  for (const [index, part] of parts.entries()) data.set(part.data, index * first.data.length);
  return { data, shape: [parts.length * first.shape[0]!, ...first.shape.slice(1)] };
}
