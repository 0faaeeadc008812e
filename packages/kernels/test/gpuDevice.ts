/** @file One plain GPUDevice for the tests of generated kernels, with the storage bindings that the adapter has. */

let opened: Promise<GPUDevice> | undefined;

async function open(): Promise<GPUDevice> {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter)
    throw new Error("gpuDevice: no WebGPU adapter. Fix: start Chromium with the flags of tools/browser.mjs.");
  const { maxStorageBuffersPerShaderStage } = adapter.limits;
  return adapter.requestDevice({ requiredLimits: { maxStorageBuffersPerShaderStage } });
}

export function gpuDevice(): Promise<GPUDevice> {
  opened ??= open();
  return opened;
}
