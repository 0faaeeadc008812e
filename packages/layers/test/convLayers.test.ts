/** @file Convolution, pooling and reshaping layers: the common test of each class, masks, and what they refuse. */
import { init, ops, ShapeError, tensor, ValueError } from "@tenrec/tensor";
import { beforeAll, describe, expect, test } from "vitest";
import { layers } from "../src/index.ts";
import { runLayerTest } from "./runLayerTest.ts";

beforeAll(() => init({ backend: "cpu" }));

type Positional = new (filters: number, kernelSize: readonly number[], options: object) => layers.Layer;
/** Concrete for the compiler: the classes given are. */
type Base = new (...args: unknown[]) => layers.Identity;

/** The class with its two positional arguments in the configuration, as the common test makes layers. */
function named(LayerClass: Positional & { readonly className: string }) {
  return class extends (LayerClass as unknown as Base) {
    static readonly className = LayerClass.className;
    constructor({ filters, kernelSize, ...options }: { filters: number; kernelSize: readonly number[] }) {
      super(filters, kernelSize, options);
    }
  } as unknown as (new (config: object) => layers.Layer) & { readonly className: string };
}

runLayerTest(named(layers.Conv1D), {
  config: { filters: 3, kernelSize: [3], padding: "causal", activation: "tanh" },
  inputShape: [4, 6, 2],
  outputShape: [4, 6, 3],
  weights: { kernel: [3, 2, 3], bias: [3] },
});
runLayerTest(named(layers.Conv2D), {
  config: { filters: 4, kernelSize: [3, 2], strides: [2, 1], groups: 2, useBias: false },
  inputShape: [4, 6, 5, 2],
  outputShape: [4, 2, 4, 4],
  weights: { kernel: [3, 2, 1, 4] },
});
runLayerTest(named(layers.Conv3D), {
  config: { filters: 2, kernelSize: [2, 2, 2], dataFormat: "channels_first" },
  inputShape: [3, 2, 3, 3, 3],
  outputShape: [3, 2, 2, 2, 2],
  weights: { kernel: [2, 2, 2, 2, 2], bias: [2] },
});
runLayerTest(named(layers.Conv1DTranspose), {
  config: { filters: 3, kernelSize: [3], strides: [2], outputPadding: [1] },
  inputShape: [4, 3, 2],
  outputShape: [4, 8, 3],
  weights: { kernel: [3, 3, 2], bias: [3] },
});
runLayerTest(named(layers.Conv2DTranspose), {
  config: { filters: 3, kernelSize: [3, 3], strides: [2, 2], padding: "same" },
  inputShape: [2, 3, 2, 2],
  outputShape: [2, 6, 4, 3],
  weights: { kernel: [3, 3, 3, 2], bias: [3] },
});
runLayerTest(named(layers.Conv3DTranspose), {
  config: { filters: 1, kernelSize: [2, 2, 2] },
  inputShape: [2, 2, 2, 2, 1],
  outputShape: [2, 3, 3, 3, 1],
  weights: { kernel: [2, 2, 2, 1, 1], bias: [1] },
});
runLayerTest(named(layers.SeparableConv1D), {
  config: { filters: 3, kernelSize: [3], depthMultiplier: 2 },
  inputShape: [4, 6, 2],
  outputShape: [4, 4, 3],
  weights: { depthwise_kernel: [3, 2, 2], pointwise_kernel: [1, 4, 3], bias: [3] },
});
runLayerTest(named(layers.SeparableConv2D), {
  config: { filters: 3, kernelSize: [3, 3], padding: "same" },
  inputShape: [3, 4, 4, 2],
  outputShape: [3, 4, 4, 3],
  weights: { depthwise_kernel: [3, 3, 2, 1], pointwise_kernel: [1, 1, 2, 3], bias: [3] },
});
runLayerTest(layers.DepthwiseConv1D, {
  config: { kernelSize: [3], depthMultiplier: 2 },
  positional: "kernelSize",
  inputShape: [4, 6, 2],
  outputShape: [4, 4, 4],
  weights: { kernel: [3, 2, 2], bias: [4] },
});
runLayerTest(layers.DepthwiseConv2D, {
  config: { kernelSize: [3, 3], padding: "same", strides: [2, 2] },
  positional: "kernelSize",
  inputShape: [3, 5, 4, 2],
  outputShape: [3, 3, 2, 2],
  weights: { kernel: [3, 3, 2, 1], bias: [2] },
});

const [line, image, volume] = [
  [4, 7, 2],
  [3, 6, 5, 2],
  [2, 4, 4, 4, 2],
];
const pooling = { padding: "same", poolSize: [2], strides: [2] } as const;
for (const name of ["Max", "Average"] as const) {
  runLayerTest(layers[`${name}Pooling1D`], { config: pooling, inputShape: line, outputShape: [4, 4, 2] });
  runLayerTest(layers[`${name}Pooling2D`], {
    config: { poolSize: [3, 2], strides: [2, 2], dataFormat: "channels_last" },
    inputShape: image,
    outputShape: [3, 2, 2, 2],
  });
  runLayerTest(layers[`${name}Pooling3D`], { config: {}, inputShape: volume, outputShape: [2, 2, 2, 2, 2] });
  runLayerTest(layers[`Global${name}Pooling1D`], { config: {}, inputShape: line, outputShape: [4, 2] });
  runLayerTest(layers[`Global${name}Pooling2D`], {
    config: { keepdims: true },
    inputShape: image,
    outputShape: [3, 1, 1, 2],
  });
  runLayerTest(layers[`Global${name}Pooling3D`], {
    config: { dataFormat: "channels_first" },
    inputShape: volume,
    outputShape: [2, 4],
  });
  const adaptive = { positional: "outputSize" } as const;
  runLayerTest(layers[`Adaptive${name}Pooling1D`], {
    ...adaptive,
    config: { outputSize: [3] },
    inputShape: line,
    outputShape: [4, 3, 2],
  });
  runLayerTest(layers[`Adaptive${name}Pooling2D`], {
    ...adaptive,
    config: { outputSize: [4, 2] },
    inputShape: image,
    outputShape: [3, 4, 2, 2],
  });
  runLayerTest(layers[`Adaptive${name}Pooling3D`], {
    ...adaptive,
    config: { outputSize: [3, 2, 1] },
    inputShape: volume,
    outputShape: [2, 3, 2, 1, 2],
  });
}

runLayerTest(layers.ZeroPadding1D, {
  config: { padding: [2, 0] },
  inputShape: line,
  outputShape: [4, 9, 2],
});
runLayerTest(layers.ZeroPadding2D, { config: {}, inputShape: image, outputShape: [3, 8, 7, 2] });
runLayerTest(layers.ZeroPadding3D, { config: {}, inputShape: volume, outputShape: [2, 6, 6, 6, 2] });
runLayerTest(layers.Cropping1D, { config: {}, inputShape: line, outputShape: [4, 5, 2] });
runLayerTest(layers.Cropping2D, {
  config: {
    cropping: [
      [1, 0],
      [2, 1],
    ],
  },
  inputShape: image,
  outputShape: [3, 5, 2, 2],
});
runLayerTest(layers.Cropping3D, { config: {}, inputShape: volume, outputShape: [2, 2, 2, 2, 2] });
runLayerTest(layers.UpSampling1D, { config: { size: 3 }, inputShape: line, outputShape: [4, 21, 2] });
runLayerTest(layers.UpSampling2D, {
  config: { size: [2, 1], interpolation: "bilinear" },
  inputShape: image,
  outputShape: [3, 12, 5, 2],
});
runLayerTest(layers.UpSampling3D, {
  config: {},
  inputShape: [2, 2, 2, 2, 2],
  outputShape: [2, 4, 4, 4, 2],
});

describe("GlobalAveragePooling1D", () => {
  test("leaves masked steps out, even where they are not finite", async () => {
    const x = tensor([
      [[1], [3], [Number.NaN]],
      [[5], [7], [9]],
    ]);
    const mask = ops.cast(
      tensor([
        [1, 1, 0],
        [1, 1, 1],
      ]),
      "bool",
    );
    const y = new layers.GlobalAveragePooling1D().apply(x, { mask });
    expect([...(await y.data())]).toEqual([2, 7]);
  });
});

describe("what is refused", () => {
  test("arguments", () => {
    expect(() => new layers.Conv2D(0, 3)).toThrow(ValueError);
    expect(() => new layers.Conv2D(4, [3, 3, 3])).toThrow(/kernelSize does not fit/);
    expect(() => new layers.Conv2D(4, 3, { strides: 0 })).toThrow(/strides does not fit/);
    expect(() => new layers.Conv2D(4, 3, { strides: 2, dilationRate: 2 })).toThrow(/both above 1/);
    expect(() => new layers.Conv2D(4, 3, { groups: 3 })).toThrow(/do not divide into the groups/);
    expect(() => new layers.Conv2D(4, 3, { padding: "causal" as never })).toThrow(/padding/);
    expect(() => new layers.Conv1DTranspose(2, 3, { strides: 2, outputPadding: 2 })).toThrow(/outputPadding/);
    expect(() => new layers.MaxPooling2D({ poolSize: [2] })).toThrow(/poolSize/);
    expect(() => new layers.ZeroPadding2D({ padding: -1 })).toThrow(/padding does not fit/);
    expect(() => new layers.Cropping3D({ cropping: [1, 2] })).toThrow(/cropping does not fit/);
    expect(() => new layers.UpSampling2D({ interpolation: "cubic" as never })).toThrow(/interpolation/);
  });

  test("inputs", () => {
    const image = ops.ones([1, 4, 4, 3]);
    expect(() => new layers.Conv2D(4, 3, { name: "first" }).apply(ops.ones([4, 28, 28]))).toThrow(
      /first: the input has another number of axes/,
    );
    expect(() => new layers.Conv2D(4, 3, { groups: 2 }).apply(image)).toThrow(ShapeError);
    expect(() => new layers.Conv2D(4, 5).apply(image)).toThrow(/larger than the input/);
    const built = new layers.Conv2D(4, 3);
    built.apply(image);
    expect(() => built.apply(ops.ones([1, 4, 4, 2]))).toThrow(/does not fit the weights/);
    expect(() => new layers.Cropping2D({ cropping: 2 }).apply(image)).toThrow(/leaves nothing/);
  });
});
