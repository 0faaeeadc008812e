/** @file The cpu backend, loaded when it is asked for. */
export { type CpuOptions, cpuNotice, openCpu } from "./device.ts";
