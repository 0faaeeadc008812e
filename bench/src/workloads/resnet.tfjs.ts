// ResNet-20 in TensorFlow.js's layers API.
import type { Tensor } from "@tensorflow/tfjs-core";
import { input, layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { crossEntropy, startTensorFlow, toTensor, trainingRun } from "../libraries/tfjs.ts";
import type { TrainingProblem } from "../problem.ts";
import type { Run } from "../types.ts";
import { type Block, blocks, classes, inputShape, normalization, stages } from "./resnet.ts";

function convolution(x: SymbolicTensor, name: string, filters: number, strides: number): SymbolicTensor {
  const convolved = layers
    .conv2d({ name: `${name}_conv`, filters, kernelSize: 3, strides, padding: "same", useBias: false })
    .apply(x);
  return layers
    .batchNormalization({ name: `${name}_norm`, ...normalization })
    .apply(convolved) as SymbolicTensor;
}

const relu = (x: SymbolicTensor) => layers.reLU().apply(x) as SymbolicTensor;

function residual(x: SymbolicTensor, { name, filters, strides, projected }: Block): SymbolicTensor {
  const inner = convolution(relu(convolution(x, `${name}_a`, filters, strides)), `${name}_b`, filters, 1);
  const shortcut = projected
    ? layers
        .conv2d({
          name: `${name}_shortcut`,
          filters,
          kernelSize: 1,
          strides,
          padding: "same",
          useBias: false,
        })
        .apply(x)
    : x;
  return relu(layers.add().apply([inner, shortcut as SymbolicTensor]) as SymbolicTensor);
}

function createModel() {
  const inputs = input({ shape: [...inputShape] });
  const features = blocks.reduce(residual, relu(convolution(inputs, "first", stages[0], 1)));
  const pooled = layers.globalAveragePooling2d({}).apply(features);
  return model({
    inputs,
    outputs: layers.dense({ name: "dense", units: classes }).apply(pooled) as SymbolicTensor,
  });
}

export async function start(problem: TrainingProblem): Promise<Run> {
  await startTensorFlow();
  const network = createModel();
  const names = Object.keys(problem.weights);
  for (const layer of network.layers) {
    const own = names.filter((name) => name.startsWith(`${layer.name}/`));
    if (own.length > 0) layer.setWeights(own.map((name) => toTensor(problem.weights[name]!)));
  }
  return trainingRun(
    problem,
    ({ x, y }) => crossEntropy(network.apply(x, { training: true }) as Tensor, y),
    classes,
  );
}
