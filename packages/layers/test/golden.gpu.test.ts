/** @file The golden tests of layers and activations on WebGPU; golden.prove.ts has all of them. */
import "./goldenLayers.test.ts";
