/** @file Bitwise repeatable training on WebGPU. */
import { testRepeats } from "./tapeRepeat.ts";

testRepeats("webgpu");
