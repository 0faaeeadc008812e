/** @file Recurrent sequences of all sizes on WebGPU. */
import { testRecurrent } from "./recurrentSuite.ts";

testRecurrent("webgpu");
