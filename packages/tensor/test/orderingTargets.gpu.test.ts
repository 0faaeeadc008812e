/** @file Kernels that only GPUs of silicon choose (exchanges in workgroup memory, shared outputs, scans by workgroup), on WebGPU. */
import { orderingTargets } from "./orderingTargets.ts";

orderingTargets("webgpu");
