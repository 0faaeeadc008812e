/** @file Where the golden tests run: on WebGPU in the browser's ring, without a device in Node's. */
export const backend = (globalThis.navigator as Navigator | undefined)?.gpu ? "webgpu" : "cpu";
