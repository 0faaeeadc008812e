/** @file The textbook's low-level programs on WebGPU. */
import { testTextbook } from "./textbookPrograms.ts";

testTextbook("webgpu");
