/** @file The whole sample table, values and gradients, on WebGPU. */
import { testSamples } from "./samplesSuite.ts";

testSamples("webgpu");
