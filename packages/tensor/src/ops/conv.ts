/** @file Convolutions and pooling, with Keras's names, paddings and shapes. */
import { ShapeError, ValueError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { typeText } from "../graph/shape.ts";
import { adaptiveAverage, adaptiveMax } from "../primitives/adaptivePooling.ts";
import { convInput, conv as convNode, convPositions, type Geometry } from "../primitives/conv.ts";
import { at, range } from "../primitives/factory.ts";
import { reshape, transpose } from "../primitives/movement.ts";
import * as pooling from "../primitives/pooling.ts";
import { windowSpan } from "../primitives/window.ts";
import { checkChoice, floatOperand, numberOperand, type Tensor, type TensorLike, wrap } from "./arguments.ts";

/** One number for all spatial axes, or one per axis. */
export type PerAxis = number | readonly number[];

export interface SpatialOptions {
  readonly strides?: PerAxis;
  /** "same": as many outputs as inputs divided by the stride, rounded up; "causal" (1D): no output sees a later input. */
  readonly padding?: "valid" | "same" | "causal";
  /** Where the channel axis of inputs and outputs is. */
  readonly dataFormat?: "channels_last" | "channels_first";
  /** Distance between neighbouring elements of the filter. */
  readonly dilationRate?: PerAxis;
}

const formats = ["channels_last", "channels_first"];

/** Integers of at least `least`, one per spatial axis. */
function perAxis(name: string, argument: string, value: PerAxis, rank: number, least = 1): number[] {
  const all = typeof value === "number" ? Array.from({ length: rank }, () => value) : [...value];
  if (all.length === rank && all.every((one) => Number.isInteger(one) && one >= least)) return all;
  throw new ValueError(name, `${argument} does not fit.`, {
    received: `${argument} ${JSON.stringify(value)} for ${rank} spatial axes.`,
    expected: `an integer of at least ${least}, or ${rank} of them.`,
    fix: `give one number for all axes, or one per axis.`,
  });
}

/** The input with its channels last. */
function lastChannels(name: string, x: Node, format: string): Node {
  checkChoice(name, "dataFormat", format, formats);
  const rank = x.shape.length;
  if (rank < 3 || rank > 5)
    throw new ShapeError(name, "the input is no batch of lines, images or volumes.", {
      received: `${typeText(x.dtype, x.shape)}.`,
      expected: "1 to 3 spatial axes beside the batch and channel axes.",
      fix: "insert the batch or channel axis with expandDims.",
    });
  return format === "channels_last" ? x : transpose(x, [0, ...range(2, rank), 1]);
}

function ownChannels(x: Node, format: string): Node {
  const rank = x.shape.length;
  return format === "channels_last" ? x : transpose(x, [0, rank - 1, ...range(1, rank - 1)]);
}

/** Zeros before and after one axis. */
function bordersOf(padding: string, extent: number, span: number, stride: number): readonly [number, number] {
  if (padding === "valid") return [0, 0];
  if (padding === "causal") return [span - 1, 0];
  const total = Math.max(0, (Math.ceil(extent / stride) - 1) * stride + span - extent);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** Throws where an axis has no window. */
function checkPositions(
  name: string,
  x: Node,
  sizes: readonly number[],
  spans: readonly number[],
  positions: readonly number[],
): void {
  if (positions.every((count) => count >= 1)) return;
  throw new ShapeError(name, "the window is larger than the input.", {
    received: `input ${typeText(x.dtype, x.shape)} (channels last), window [${sizes.join()}] spanning [${spans.join()}].`,
    expected: "at least one position along every axis.",
    fix: 'use padding "same", a smaller window or dilation, or fewer strided layers before.',
  });
}

/** Geometry of a convolution of `x` (channels last) by a kernel. */
function geometryOf(
  name: string,
  x: Node,
  kernel: Node,
  groups: number,
  { strides = 1, padding = "valid", dilationRate = 1 }: SpatialOptions,
): Geometry {
  const rank = x.shape.length - 2;
  checkChoice(name, "padding", padding, rank === 1 ? ["valid", "same", "causal"] : ["valid", "same"]);
  const [extents, sizes] = [x.shape.slice(1, -1), kernel.shape.slice(0, rank)];
  const [steps, dilations] = [
    perAxis(name, "strides", strides, rank),
    perAxis(name, "dilationRate", dilationRate, rank),
  ];
  const spans = sizes.map((size, i) => windowSpan(size, at(dilations, i)));
  const borders = extents.map((extent, i) => bordersOf(padding, extent, at(spans, i), at(steps, i)));
  const [low, high] = [borders.map(([before]) => before), borders.map(([, after]) => after)];
  const geometry = { extents, sizes, strides: steps, low, high, dilations, groups };
  checkPositions(name, x, sizes, spans, convPositions(geometry));
  return geometry;
}

function checkKernel(name: string, x: Node, kernel: Node, layout: string): void {
  if (kernel.shape.length === x.shape.length && kernel.shape.every((extent) => extent > 0)) return;
  throw new ShapeError(name, "the kernel does not fit the input.", {
    received: `input ${typeText(x.dtype, x.shape)}, kernel ${typeText(kernel.dtype, kernel.shape)}.`,
    expected: `a kernel of ${x.shape.length} axes: ${layout}.`,
    fix: "check the number of spatial axes.",
  });
}

function channelsDiffer(name: string, x: Node, kernel: Node, expected: string, fix: string): ShapeError {
  return new ShapeError(name, "channels do not fit.", {
    received: `input ${typeText(x.dtype, x.shape)} (channels last: ${x.shape.at(-1)}), kernel ${typeText(kernel.dtype, kernel.shape)}.`,
    expected,
    fix,
  });
}

/**
 * Convolution (correlation, as everywhere in deep learning) over 1 to 3 spatial axes.
 *
 * @param inputs - [n, ...spatial, channels], or [n, channels, ...spatial] with `dataFormat: "channels_first"`.
 * @param kernel - [...sizes, channels / groups, filters]: fewer channels than the input has make groups.
 * @throws ShapeError if channels do not fit or the kernel is larger than the input.
 * @example
 * conv(tensor([[[1], [2], [4]]]), tensor([[[1]], [[10]]])); // [[[21], [42]]]
 */
export function conv(inputs: TensorLike, kernel: TensorLike, options: SpatialOptions = {}): Tensor {
  const { dataFormat = "channels_last" } = options;
  const x = lastChannels("conv", floatOperand(inputs), dataFormat);
  const w = floatOperand(kernel);
  checkKernel("conv", x, w, "[...sizes, channels / groups, filters]");
  const [channels, depth, filters] = [x.shape.at(-1), w.shape.at(-2), w.shape.at(-1)] as [
    number,
    number,
    number,
  ];
  const groups = channels / depth;
  if (!Number.isInteger(groups) || filters % groups !== 0)
    throw channelsDiffer(
      "conv",
      x,
      w,
      "channels a multiple of the kernel's, by a number of groups that divides the filters.",
      "check the kernel, groups and dataFormat.",
    );
  return wrap(ownChannels(convNode(x, w, geometryOf("conv", x, w, groups, options)), dataFormat));
}

/** [...sizes, channels, multiplier] as the kernel of one group per channel. */
function depthwise(name: string, x: Node, kernel: Node, options: SpatialOptions): Node {
  checkKernel(name, x, kernel, "[...sizes, channels, multiplier]");
  const rank = x.shape.length - 2;
  const [channels, multiplier] = [at(kernel.shape, rank), at(kernel.shape, rank + 1)];
  if (x.shape.at(-1) !== channels)
    throw channelsDiffer(name, x, kernel, `${channels} channels.`, "check the kernel and dataFormat.");
  const grouped = reshape(kernel, [...kernel.shape.slice(0, rank), 1, channels * multiplier]);
  return convNode(x, grouped, geometryOf(name, x, grouped, channels, options));
}

/**
 * A convolution of each channel by itself: channel c gives outputs c m to c m + m - 1 for a kernel [...sizes, channels, m].
 * @throws ShapeError if the channels differ.
 * @example
 * depthwiseConv(tensor([[[1, 5], [2, 6]]]), tensor([[[1], [10]], [[1], [10]]])); // [[[3, 110]]]
 */
export function depthwiseConv(inputs: TensorLike, kernel: TensorLike, options: SpatialOptions = {}): Tensor {
  const { dataFormat = "channels_last" } = options;
  const x = lastChannels("depthwiseConv", floatOperand(inputs), dataFormat);
  return wrap(ownChannels(depthwise("depthwiseConv", x, floatOperand(kernel), options), dataFormat));
}

/**
 * A depthwise convolution, then one of size 1 that mixes the channels.
 *
 * @param pointwiseKernel - [1, ..., channels * multiplier, filters].
 * @throws ShapeError if the channels differ.
 * @example
 * separableConv(tensor([[[1, 5], [2, 6]]]), tensor([[[1], [10]], [[1], [10]]]), tensor([[[1], [1]]])); // [[[113]]]
 */
export function separableConv(
  inputs: TensorLike,
  depthwiseKernel: TensorLike,
  pointwiseKernel: TensorLike,
  options: SpatialOptions = {},
): Tensor {
  const { dataFormat = "channels_last" } = options;
  const x = lastChannels("separableConv", floatOperand(inputs), dataFormat);
  const each = depthwise("separableConv", x, floatOperand(depthwiseKernel), options);
  const w = floatOperand(pointwiseKernel);
  checkKernel("separableConv", each, w, "[1, ..., channels * multiplier, filters]");
  if (w.shape.at(-2) !== each.shape.at(-1) || w.shape.slice(0, -2).some((size) => size !== 1))
    throw channelsDiffer(
      "separableConv",
      each,
      w,
      `a pointwise kernel [1, ..., ${each.shape.at(-1)}, filters].`,
      "check the pointwise kernel.",
    );
  return wrap(ownChannels(convNode(each, w, geometryOf("separableConv", each, w, 1, {})), dataFormat));
}

export interface ConvTransposeOptions extends SpatialOptions {
  readonly padding?: "valid" | "same";
  /** Elements added after the smallest output; by default as many as make "same" outputs inputs times stride. */
  readonly outputPadding?: PerAxis | null;
}

/** Extent of one axis of a transposed convolution, and where its first element is. */
function transposedAxis(
  padding: string,
  count: number,
  span: number,
  stride: number,
  extra: number | null,
): { extent: number; low: number } {
  if (padding === "valid")
    return { extent: (count - 1) * stride + span + (extra ?? Math.max(stride - span, 0)), low: 0 };
  const total = extra === null ? stride + span - 2 : span + (span % 2) - 2 + extra;
  const extent = extra === null ? count * stride : (count - 1) * stride + (span % 2) + extra;
  return { extent, low: span - 1 - Math.min(Math.ceil(total / 2), span - 1) };
}

/** Geometry of the convolution whose result would be `g`: Keras's extents, and borders that give as many positions as g has. */
function transposedGeometry(g: Node, kernel: Node, options: ConvTransposeOptions): Geometry {
  const { strides = 1, padding = "valid", dilationRate = 1, outputPadding = null } = options;
  checkChoice("convTranspose", "padding", padding, ["valid", "same"]);
  const rank = g.shape.length - 2;
  const sizes = kernel.shape.slice(0, rank);
  const steps = perAxis("convTranspose", "strides", strides, rank);
  const dilations = perAxis("convTranspose", "dilationRate", dilationRate, rank);
  const extra =
    outputPadding === null ? null : perAxis("convTranspose", "outputPadding", outputPadding, rank, 0);
  const spans = sizes.map((size, i) => windowSpan(size, at(dilations, i)));
  const counts = g.shape.slice(1, -1);
  const axes = counts.map((count, i) =>
    transposedAxis(padding, count, at(spans, i), at(steps, i), extra && at(extra, i)),
  );
  const [extents, low] = [axes.map(({ extent }) => extent), axes.map((axis) => axis.low)];
  checkPositions("convTranspose", g, sizes, spans, extents);
  const high = counts.map(
    (count, i) => (count - 1) * at(steps, i) + at(spans, i) - at(extents, i) - at(low, i),
  );
  return { extents, sizes, strides: steps, low, high, dilations, groups: 1 };
}

/**
 * Transposed convolution: the gradient of `conv` to its input, as a layer that enlarges by the stride.
 *
 * @param kernel - [...sizes, filters, channels].
 * @throws ShapeError if the channels differ.
 * @example
 * convTranspose(tensor([[[1], [2]]]), tensor([[[1]], [[10]]]), { strides: 2 }); // [[[1], [10], [2], [20]]]
 */
export function convTranspose(
  inputs: TensorLike,
  kernel: TensorLike,
  options: ConvTransposeOptions = {},
): Tensor {
  const { dataFormat = "channels_last" } = options;
  const g = lastChannels("convTranspose", floatOperand(inputs), dataFormat);
  const w = floatOperand(kernel);
  checkKernel("convTranspose", g, w, "[...sizes, filters, channels]");
  if (w.shape.at(-1) !== g.shape.at(-1))
    throw channelsDiffer(
      "convTranspose",
      g,
      w,
      `${w.shape.at(-1)} channels.`,
      "check the kernel and dataFormat.",
    );
  return wrap(ownChannels(convInput(g, w, transposedGeometry(g, w, options)), dataFormat));
}

export interface PoolOptions {
  /** The window's size by default. */
  readonly strides?: PerAxis | null;
  readonly padding?: "valid" | "same";
  readonly dataFormat?: "channels_last" | "channels_first";
}

function pooled(
  name: string,
  inputs: Node,
  poolSize: PerAxis,
  { strides = null, padding = "valid", dataFormat = "channels_last" }: PoolOptions,
  of: (x: Node, pool: pooling.Pool) => Node,
): Tensor {
  const x = lastChannels(name, inputs, dataFormat);
  checkChoice(name, "padding", padding, ["valid", "same"]);
  const rank = x.shape.length - 2;
  const sizes = perAxis(name, "poolSize", poolSize, rank);
  const steps = perAxis(name, "strides", strides ?? sizes, rank);
  const extents = x.shape.slice(1, -1);
  const borders = extents.map((extent, i) => bordersOf(padding, extent, at(sizes, i), at(steps, i)));
  const [low, high] = [borders.map(([before]) => before), borders.map(([, after]) => after)];
  const pool = { extents, sizes, strides: steps, low, high };
  checkPositions(name, x, sizes, sizes, pooling.poolPositions(pool));
  return wrap(ownChannels(of(x, pool), dataFormat));
}

/**
 * Largest element of each window.
 * @throws ShapeError if the window is larger than the input.
 * @example
 * maxPool(tensor([[[1], [3], [2], [5]]]), 2); // [[[3], [5]]]
 */
export const maxPool = (inputs: TensorLike, poolSize: PerAxis, options: PoolOptions = {}): Tensor =>
  pooled("maxPool", numberOperand(inputs), poolSize, options, pooling.maxPool);

/**
 * Mean of each window; with padding "same" of its elements within the input.
 * @throws ShapeError if the window is larger than the input.
 * @example
 * averagePool(tensor([[[1], [3], [2]]]), 2, { padding: "same" }); // [[[2], [2]]]
 */
export const averagePool = (inputs: TensorLike, poolSize: PerAxis, options: PoolOptions = {}): Tensor =>
  pooled("averagePool", floatOperand(inputs), poolSize, options, pooling.averagePool);

type Format = { readonly dataFormat?: "channels_last" | "channels_first" };

function adaptivePooled(
  name: string,
  inputs: Node,
  outputSize: PerAxis,
  { dataFormat = "channels_last" }: Format,
  of: (x: Node, axis: number, size: number) => Node,
): Tensor {
  const x = lastChannels(name, inputs, dataFormat);
  const sizes = perAxis(name, "outputSize", outputSize, x.shape.length - 2);
  const result = sizes.reduce((y, size, i) => (size === at(y.shape, i + 1) ? y : of(y, i + 1, size)), x);
  return wrap(ownChannels(result, dataFormat));
}

/**
 * Means of `outputSize` windows that cover the input evenly, whatever its extent.
 * @example
 * adaptiveAveragePool(tensor([[[1], [2], [3]]]), 2); // [[[1.5], [2.5]]]
 */
export const adaptiveAveragePool = (inputs: TensorLike, outputSize: PerAxis, options: Format = {}): Tensor =>
  adaptivePooled("adaptiveAveragePool", floatOperand(inputs), outputSize, options, adaptiveAverage);

/**
 * Largest elements of `outputSize` windows that cover the input evenly, whatever its extent.
 * @example
 * adaptiveMaxPool(tensor([[[1], [2], [3]]]), 2); // [[[2], [3]]]
 */
export const adaptiveMaxPool = (inputs: TensorLike, outputSize: PerAxis, options: Format = {}): Tensor =>
  adaptivePooled("adaptiveMaxPool", numberOperand(inputs), outputSize, options, adaptiveMax);
