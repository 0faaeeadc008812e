/** @file The cpu backend, loaded when it is asked for. */
export { openCpu } from "./device.ts";
