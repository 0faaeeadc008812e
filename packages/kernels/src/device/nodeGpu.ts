/** @file WebGPU in Node, by the optional npm package webgpu (Dawn). Pages and Workers never fetch this module. */
import { unavailable } from "./adapter.ts";

/** What is used of the package. */
interface Binding {
  create(options: readonly string[]): GPU;
}

/** No literal in the import, and told by name to leave it alone: bundlers would look for the package, which most users lack. */
const binding = "webgpu";

/** The package's GPUs; throws DeviceError where it is not installed or does not load. */
export async function openNodeGpu(): Promise<GPU> {
  try {
    const { create } = (await import(/* webpackIgnore: true */ /* @vite-ignore */ binding)) as Binding;
    return create([]);
  } catch (error) {
    throw noBinding(error as Error & { readonly code?: string });
  }
}

function noBinding({ code, message }: Error & { readonly code?: string }): Error {
  if (code === "ERR_MODULE_NOT_FOUND")
    return unavailable("Node has no WebGPU without the npm package webgpu", "npm install webgpu");
  return unavailable(
    `the npm package webgpu does not load (${message.split("\n")[0]})`,
    "install it anew for this platform, npm install webgpu",
  );
}
