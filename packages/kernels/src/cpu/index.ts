/** @file The cpu backend, loaded when it is asked for. */
export type { CpuOptions } from "./device.ts";
export { openCpuDevice } from "./open.ts";
