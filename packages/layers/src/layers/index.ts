/** @file All layers. */
export { Layer } from "../layer.ts";
export { Activation } from "./activation.ts";
export {
  ELU,
  type ELUOptions,
  LeakyReLU,
  type LeakyReLUOptions,
  ReLU,
  type ReLUOptions,
  Softmax,
  type SoftmaxOptions,
} from "./activationLayers.ts";
export { Dense, type DenseOptions } from "./dense.ts";
export { Dropout, type DropoutOptions } from "./dropout.ts";
export { type DataFormat, Flatten, type FlattenOptions } from "./flatten.ts";
export { InputLayer, type InputLayerOptions } from "./inputLayer.ts";
export { type Batches, Normalization, type NormalizationOptions } from "./normalization.ts";
export { type PerChannel, Rescaling, type RescalingOptions } from "./rescaling.ts";
export { Reshape } from "./reshape.ts";
