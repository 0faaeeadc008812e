/** @file The Worker of the cpu backend's threads, from its source: a Worker of Vitest's process has none of Vitest's transforms. */
import { register } from "node:module";

register("../../../tools/tsHooks.mjs", import.meta.url);
await import("../src/cpu/threads/worker.ts");
