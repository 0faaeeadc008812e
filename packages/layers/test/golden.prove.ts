/** @file The golden tests of initializers, layers, losses and metrics on WebGPU (635 rows, about a minute on SwiftShader). */
import "./goldenInitializers.test.ts";
import "./goldenLayers.test.ts";
import "./goldenLosses.test.ts";
import "./goldenMetrics.test.ts";
