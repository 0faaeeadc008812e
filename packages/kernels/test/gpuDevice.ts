/** @file One plain GPUDevice for the tests of generated kernels, with the storage bindings and the subgroups that the adapter has. */

let opened: Promise<GPUDevice> | undefined;

async function open(): Promise<GPUDevice> {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter)
    throw new Error("gpuDevice: no WebGPU adapter. Fix: start Chromium with the flags of tools/browser.mjs.");
  const { maxStorageBuffersPerShaderStage } = adapter.limits;
  const requiredFeatures = (["subgroups"] as const).filter((name) => adapter.features.has(name));
  return adapter.requestDevice({ requiredFeatures, requiredLimits: { maxStorageBuffersPerShaderStage } });
}

export function gpuDevice(): Promise<GPUDevice> {
  opened ??= open();
  return opened;
}
