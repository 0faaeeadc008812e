/** @file Orders, searches, segments and scatters on WebGPU. */
import { orderingSuite } from "./orderingSuite.ts";

orderingSuite("webgpu");
