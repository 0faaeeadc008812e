/** @file Random numbers on WebGPU. */
import { randomSuite } from "./randomSuite.ts";

// SwiftShader stays within 4e-7; WGSL lets other devices round log and division less well.
randomSuite("webgpu", 2e-6);
