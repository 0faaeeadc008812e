// Brings TensorFlow.js up on its WebGPU backend.
import "@tensorflow/tfjs-backend-webgpu";
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import { getBackend, ready, setBackend } from "@tensorflow/tfjs-core";

export async function startTensorFlow(): Promise<void> {
  await setBackend("webgpu");
  await ready();
  if (getBackend() !== "webgpu") throw new Error(`tfjs runs on ${getBackend()}, not on webgpu`);
}
