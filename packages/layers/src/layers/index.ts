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
export {
  AdditiveAttention,
  type AdditiveAttentionOptions,
  Attention,
  type AttentionOptions,
} from "./attention.ts";
export type { AttentionCallOptions } from "./attentionMasks.ts";
export { BatchNormalization, type BatchNormalizationOptions } from "./batchNormalization.ts";
export { Bidirectional, type BidirectionalOptions, type MergeMode } from "./bidirectional.ts";
export {
  Conv1D,
  type Conv1DOptions,
  Conv1DTranspose,
  Conv2D,
  Conv2DTranspose,
  Conv3D,
  Conv3DTranspose,
  type ConvOptions,
  type ConvTransposeOptions,
} from "./conv.ts";
export {
  DepthwiseConv1D,
  DepthwiseConv2D,
  type DepthwiseConvOptions,
  SeparableConv1D,
  SeparableConv2D,
  type SeparableConvOptions,
} from "./convDepthwise.ts";
export type { PerAxis } from "./convShared.ts";
export { Dense, type DenseOptions } from "./dense.ts";
export { Dropout, type DropoutOptions } from "./dropout.ts";
export { EinsumDense, type EinsumDenseOptions } from "./einsumDense.ts";
export { Embedding, type EmbeddingOptions, Masking, type MaskingOptions } from "./embedding.ts";
export { type DataFormat, Flatten, type FlattenOptions } from "./flatten.ts";
export { GroupNormalization, type GroupNormalizationOptions } from "./groupNormalization.ts";
export { GRU, GRUCell, type GRUCellOptions, type GRUOptions } from "./gru.ts";
export { InputLayer, type InputLayerOptions } from "./inputLayer.ts";
export {
  LayerNormalization,
  type LayerNormalizationOptions,
  RMSNormalization,
  type RMSNormalizationOptions,
  UnitNormalization,
} from "./layerNormalization.ts";
export { LSTM, LSTMCell, type LSTMCellOptions, type LSTMOptions } from "./lstm.ts";
export {
  Add,
  Average,
  Concatenate,
  type ConcatenateOptions,
  Dot,
  type DotOptions,
  Maximum,
  Minimum,
  Multiply,
  Subtract,
} from "./merge.ts";
export {
  GroupQueryAttention,
  MultiHeadAttention,
  type MultiHeadAttentionOptions,
} from "./multiHeadAttention.ts";
export {
  AlphaDropout,
  type AlphaDropoutOptions,
  GaussianDropout,
  GaussianNoise,
  type NoiseOptions,
  SpatialDropout1D,
  SpatialDropout2D,
  SpatialDropout3D,
  type SpatialDropoutOptions,
} from "./noise.ts";
export { type Batches, Normalization, type NormalizationOptions } from "./normalization.ts";
export type { NormOptions } from "./normWeights.ts";
export { Permute, RepeatVector } from "./permute.ts";
export {
  AveragePooling1D,
  AveragePooling2D,
  AveragePooling3D,
  MaxPooling1D,
  MaxPooling2D,
  MaxPooling3D,
  type PoolingOptions,
} from "./pooling.ts";
export {
  AdaptiveAveragePooling1D,
  AdaptiveAveragePooling2D,
  AdaptiveAveragePooling3D,
  AdaptiveMaxPooling1D,
  AdaptiveMaxPooling2D,
  AdaptiveMaxPooling3D,
  type AdaptivePoolingOptions,
} from "./poolingAdaptive.ts";
export {
  GlobalAveragePooling1D,
  GlobalAveragePooling2D,
  GlobalAveragePooling3D,
  GlobalMaxPooling1D,
  GlobalMaxPooling2D,
  GlobalMaxPooling3D,
  type GlobalPoolingOptions,
} from "./poolingGlobal.ts";
export { PReLU, type PReLUOptions } from "./prelu.ts";
export type { ProjectedAttentionOptions } from "./projectedAttention.ts";
export type {
  CellCallOptions,
  CellRunOptions,
  GatedCellOptions,
  RecurrentCell,
  SequenceOptions,
  SequenceResult,
  SimpleRNNCellOptions,
} from "./recurrentCell.ts";
export { type PerChannel, Rescaling, type RescalingOptions } from "./rescaling.ts";
export { Reshape } from "./reshape.ts";
export {
  Cropping1D,
  Cropping2D,
  Cropping3D,
  type CroppingOptions,
  type Widths,
  ZeroPadding1D,
  ZeroPadding2D,
  ZeroPadding3D,
  type ZeroPaddingOptions,
} from "./reshapingBorders.ts";
export {
  UpSampling1D,
  UpSampling2D,
  type UpSampling2DOptions,
  UpSampling3D,
  type UpSamplingOptions,
} from "./reshapingUpSampling.ts";
export { type RecurrentCallOptions, RNN, type RNNOptions } from "./rnn.ts";
export { SimpleRNN, SimpleRNNCell, type SimpleRNNOptions } from "./simpleRnn.ts";
export { SpectralNormalization, type SpectralNormalizationOptions } from "./spectralNormalization.ts";
export { StackedRNNCells } from "./stackedRnnCells.ts";
export {
  ActivityRegularization,
  type ActivityRegularizationOptions,
  Identity,
  Lambda,
  type LambdaFunction,
  type LambdaOptions,
  TimeDistributed,
} from "./wrappers.ts";
