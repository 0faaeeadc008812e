// Brings jax-js up on WebGPU.
import { defaultDevice, init } from "@jax-js/jax";

export async function startJax(): Promise<void> {
  const available = await init("webgpu");
  if (!available.includes("webgpu")) throw new Error(`jax-js found no webgpu, only ${available.join(", ")}`);
  defaultDevice("webgpu");
}
