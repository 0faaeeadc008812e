/** @file The golden tests of convolutions, initializers, layers, losses and metrics on WebGPU (some 950 rows, some minutes on SwiftShader). */
import "./goldenConvolution.test.ts";
import "./goldenFunctional.test.ts";
import "./goldenInitializers.test.ts";
import "./goldenLayers.test.ts";
import "./goldenLosses.test.ts";
import "./goldenMetrics.test.ts";
import "./goldenModelLayers.test.ts";
import "./spectralNormalization.test.ts";
