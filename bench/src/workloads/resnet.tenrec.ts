// ResNet-20 as a functional model of Tenrec.
import { Input, type KerasTensor, layers, Model } from "tenrec";
import { crossEntropy, startTenrec, tapeRun } from "../libraries/tenrec.ts";
import type { TrainingProblem } from "../problem.ts";
import type { Run } from "../types.ts";
import { type Block, blocks, classes, inputShape, normalization, stages } from "./resnet.ts";

function convolution(x: KerasTensor, filters: number, strides: number): KerasTensor {
  const convolved = new layers.Conv2D(filters, 3, { strides, padding: "same", useBias: false }).apply(x);
  return new layers.BatchNormalization(normalization).apply(convolved);
}

const relu = (x: KerasTensor): KerasTensor => new layers.ReLU().apply(x);

function residual(x: KerasTensor, { filters, strides, projected }: Block): KerasTensor {
  const inner = convolution(relu(convolution(x, filters, strides)), filters, 1);
  const shortcut = projected
    ? new layers.Conv2D(filters, 1, { strides, padding: "same", useBias: false }).apply(x)
    : x;
  return relu(new layers.Add().apply([inner, shortcut]));
}

function createModel(): Model {
  const inputs = Input({ shape: [...inputShape] });
  const features = blocks.reduce(residual, relu(convolution(inputs, stages[0], 1)));
  const pooled = new layers.GlobalAveragePooling2D().apply(features);
  return new Model({ inputs, outputs: new layers.Dense(classes).apply(pooled) });
}

export async function startJit(problem: TrainingProblem): Promise<Run> {
  await startTenrec();
  return tapeRun(problem, createModel(), crossEntropy, { isJitted: true });
}
