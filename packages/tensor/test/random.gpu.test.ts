/** @file Random numbers on WebGPU. */
import { randomSuite } from "./randomSuite.ts";

// WGSL's log and exp have a few units in the last place, which the tails of a normal magnify.
randomSuite("webgpu", 4e-7);
