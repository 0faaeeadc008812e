/** @file Recurrent sequences on WebGPU: every other size, since the steps of the decomposition compile long. */
import { testRecurrent } from "./recurrentSuite.ts";

testRecurrent("webgpu", 2);
