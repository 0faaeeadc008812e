/** @file Recurrent sequences on WebGPU. */
import { testRecurrent } from "./recurrentSuite.ts";

testRecurrent("webgpu");
