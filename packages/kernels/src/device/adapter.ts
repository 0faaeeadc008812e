/** @file Chooses a GPU adapter and requests a device with everything of it that kernels can use. */
import type { DeviceInfo } from "../ir/device.ts";
import { DeviceError } from "./errors.ts";

/** Limits and features that tests hide, to run as on a weaker device. */
export interface MaskedAdapter {
  /** "base": the limits that every WebGPU device has; or values for single limits. */
  readonly limits?: "base" | Readonly<Record<string, number>>;
  /** Features that are not requested; "all" hides every one. */
  readonly features?: "all" | readonly string[];
}

export interface AdapterOptions {
  readonly powerPreference?: GPUPowerPreference;
  /** Where adapters come from; by default `navigator.gpu`, in Node the npm package webgpu if it is installed. */
  readonly gpu?: GPU;
  readonly masked?: MaskedAdapter;
}

/** Kernels get better with more of these; all else stays at its default. */
const usefulLimits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxUniformBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
] as const;

const usefulFeatures = ["subgroups", "timestamp-query", "shader-f16"] as const;

/** Names that CPU renderers give themselves: SwiftShader, Mesa's llvmpipe and lavapipe, Microsoft's WARP. */
const softwareNames = /swiftshader|llvmpipe|lavapipe|\bwarp\b|basic render/i;

/** An adapter, and where it comes from, which has to live as long as its devices. */
export interface FoundAdapter {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
}

/** An adapter of this page, worker or process; throws DeviceError with the reason where there is none. */
export async function findAdapter({
  gpu: given,
  powerPreference = "high-performance",
}: AdapterOptions): Promise<FoundAdapter> {
  const gpu = given ?? globalThis.navigator?.gpu ?? (await gpuOfNode());
  const adapter = await gpu.requestAdapter({ powerPreference });
  if (adapter) return { gpu, adapter };
  throw unavailable(
    "WebGPU offers no adapter",
    "update the graphics driver; in browsers enable hardware acceleration, " +
      "in Node on Linux install the Vulkan loader (libvulkan.so.1)",
  );
}

/** What stands in for `navigator.gpu` outside of pages. */
async function gpuOfNode(): Promise<GPU> {
  if (isNode()) return (await import("./nodeGpu.ts")).openNodeGpu();
  throw unavailable(
    "this environment has no navigator.gpu",
    "use Chrome or Edge 113, Safari 26, or Firefox 141 and later over https or localhost",
  );
}

/** Whether this is Node, or what calls itself so: Bun, Deno, Electron. */
function isNode(): boolean {
  const { process } = globalThis as { readonly process?: { readonly versions?: { readonly node?: string } } };
  return process?.versions?.node !== undefined;
}

/** A device with all useful limits and features of `adapter`, but for those masked. */
export async function requestDevice(adapter: GPUAdapter, masked: MaskedAdapter = {}): Promise<GPUDevice> {
  const requiredLimits: Record<string, number> = {};
  if (masked.limits !== "base") {
    for (const name of usefulLimits) requiredLimits[name] = masked.limits?.[name] ?? adapter.limits[name];
  }
  const hidden = masked.features ?? [];
  const requiredFeatures = usefulFeatures.filter(
    (name) => adapter.features.has(name) && hidden !== "all" && !hidden.includes(name),
  );
  try {
    return await adapter.requestDevice({ label: "tenrec", requiredLimits, requiredFeatures });
  } catch (error) {
    throw unavailable(
      `the adapter gives no device (${(error as Error).message})`,
      "close other pages that use the GPU",
    );
  }
}

/** Whether kernels may use subgroups and their numbers (`subgroup_id`, which browsers got a year after subgroups). */
export function hasSubgroups(device: GPUDevice, gpu: GPU | undefined = globalThis.navigator?.gpu): boolean {
  return device.features.has("subgroups") && (gpu?.wgslLanguageFeatures?.has("subgroup_id") ?? false);
}

/** Whether every subgroup is four invocations, which exchange values by the quad operations. */
export function hasQuads(device: GPUDevice): boolean {
  const { subgroupMinSize, subgroupMaxSize } = device.adapterInfo;
  return device.features.has("subgroups") && subgroupMinSize === 4 && subgroupMaxSize === 4;
}

/** The adapter's own words, and whether it is a CPU renderer. */
export function describeAdapter(info: GPUAdapterInfo): NonNullable<DeviceInfo["adapter"]> {
  const { vendor, architecture, description } = info;
  const software =
    info.isFallbackAdapter === true ||
    softwareNames.test(`${vendor} ${architecture} ${description} ${info.device}`);
  return { vendor, architecture, description, software };
}

/** Everything `explain()` and bug reports want to know of a device. */
export function describeDevice(device: GPUDevice): DeviceInfo {
  const limits: Record<string, number> = {};
  for (const name of usefulLimits) limits[name] = device.limits[name];
  const immediates = device.limits.maxImmediateSize;
  if (immediates) limits.maxImmediateSize = immediates;
  const features = [...device.features].filter((name) =>
    (usefulFeatures as readonly string[]).includes(name),
  );
  return { backend: "webgpu", adapter: describeAdapter(device.adapterInfo), features, limits };
}

/** The error of a machine without what is needed: `reason` is also what the notice of `backend: "auto"` says. */
export function unavailable(reason: string, fix: string): DeviceError {
  return new DeviceError("init", "WebGPU is not available.", {
    received: reason,
    expected: "a WebGPU adapter",
    fix: `${fix}; or use init({ backend: "cpu" })`,
  });
}
