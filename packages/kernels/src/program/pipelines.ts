/**
 * @file Pipelines of a device by kernel key, their shared bind group layouts, and readable compile errors.
 */
import { counts } from "../device/counters.ts";
import { DeviceError } from "../device/errors.ts";
import type { Kernel } from "../ir/kernel.ts";
import type { Call } from "../ir/plan.ts";
import { predicateKernel, predicateSource } from "./predicate.ts";

/**
 * Turns a kernel into WGSL with an entry point `main`: storage binding i at @binding(i), params uniform last. `hasHalves`: shader-f16.
 */
export type EmitWgsl = (
  kernel: Kernel,
  hasHalves: boolean,
) => { readonly code: string; readonly label: string };

/** A pipeline that is being built, or built. */
export interface PipelineEntry {
  readonly layout: GPUBindGroupLayout;
  readonly ready: Promise<GPUComputePipeline>;
  pipeline: GPUComputePipeline | null;
}

interface Layouts {
  readonly group: GPUBindGroupLayout;
  readonly pipeline: GPUPipelineLayout;
}

export class PipelineCache {
  readonly #gpu: GPUDevice;
  readonly #emit: EmitWgsl;
  readonly #entries = new Map<string, PipelineEntry>();
  readonly #layouts = new Map<string, Layouts>();

  constructor(gpu: GPUDevice, emit: EmitWgsl) {
    this.#gpu = gpu;
    this.#emit = emit;
  }

  /**
   * The pipeline of the call's kernel; building starts at the first request for its key. `moving`: its params are chosen by a dynamic
   * offset.
   */
  get({ key: kernelKey, kernel }: Call, moving = false): PipelineEntry {
    const key = moving ? `moving ${kernelKey}` : kernelKey;
    const known = this.#entries.get(key);
    if (known) return known;
    const layouts = this.#layoutsOf(kernel, moving);
    const entry: PipelineEntry = {
      layout: layouts.group,
      ready: this.#compile(kernel, layouts),
      pipeline: null,
    };
    entry.ready.then(
      (pipeline) => {
        entry.pipeline = pipeline;
      },
      // The next request tries again; this one's error reaches whoever awaits `ready`.
      () => this.#entries.delete(key),
    );
    this.#entries.set(key, entry);
    return entry;
  }

  async #compile(kernel: Kernel, layouts: Layouts): Promise<GPUComputePipeline> {
    const hasHalves = this.#gpu.features.has("shader-f16");
    const { code, label } = kernel === predicateKernel ? predicateSource : this.#emit(kernel, hasHalves);
    // Without the scope, faulty WGSL would end the device as an uncaptured error.
    this.#gpu.pushErrorScope("validation");
    const module = this.#gpu.createShaderModule({ code, label });
    const scope = this.#gpu.popErrorScope();
    counts.pipelines++;
    const building = this.#gpu.createComputePipelineAsync({
      layout: layouts.pipeline,
      label,
      compute: { module, entryPoint: "main" },
    });
    try {
      const [pipeline] = await Promise.all([building, scope]);
      return pipeline;
    } catch (error) {
      throw await compileError(module, code, label, error);
    }
  }

  /** Kernels of one binding signature share a layout, so their bind groups are made alike. */
  #layoutsOf({ bindings, numParams }: Kernel, moving: boolean): Layouts {
    const types = bindings.map(
      ({ access }): GPUBufferBindingType => (access === "read" ? "read-only-storage" : "storage"),
    );
    if (numParams > 0) types.push("uniform");
    const signature = `${types.join()}${moving ? " moving" : ""}`;
    const known = this.#layouts.get(signature);
    if (known) return known;
    const group = this.#gpu.createBindGroupLayout({
      label: signature,
      // 4 = GPUShaderStage.COMPUTE
      entries: types.map((type, binding) => ({
        binding,
        visibility: 4,
        buffer: { type, hasDynamicOffset: moving && type === "uniform" },
      })),
    });
    const pipeline = this.#gpu.createPipelineLayout({ label: signature, bindGroupLayouts: [group] });
    this.#layouts.set(signature, { group, pipeline });
    return { group, pipeline };
  }
}

async function compileError(
  module: GPUShaderModule,
  code: string,
  label: string,
  cause: unknown,
): Promise<DeviceError> {
  const info = await module.getCompilationInfo().catch(() => ({ messages: [] }));
  const messages = info.messages.map(
    ({ type, lineNum, linePos, message }) => `${type} ${lineNum}:${linePos} ${message}`,
  );
  const numbered = code.split("\n").map((line, i) => `${String(i + 1).padStart(4)} ${line}`);
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DeviceError("build", `kernel "${label}" does not compile.`, {
    received: [...(messages.length > 0 ? messages : [reason]), ...numbered].join("\n"),
    expected: "valid WGSL within the device's limits",
    fix: "the generated kernel is wrong: please report it with this message",
  });
}
