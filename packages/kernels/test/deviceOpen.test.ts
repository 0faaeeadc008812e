/** @file Choosing a device where there is no WebGPU, or only a pretended one. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { describeAdapter } from "../src/device/adapter.ts";
import { openDevice, openWebGpu } from "../src/device/open.ts";

/** The ring of tests without a GPU hides the package webgpu, as it is for most users of Node (vitest.config.ts). */
describe("in Node without the package webgpu", () => {
  test("webgpu refuses with the reason and the cure", async () => {
    const refusal = openDevice({ backend: "webgpu" });
    await expect(refusal).rejects.toMatchObject({ name: "DeviceError" });
    await expect(refusal).rejects.toThrow(
      /^init: WebGPU is not available.*npm package webgpu\n.*Fix: npm install webgpu; or .*backend: "cpu"/s,
    );
  });

  test("auto takes the CPU with one notice", async () => {
    const { device, notice } = await openDevice();
    expect(device.info).toMatchObject({ backend: "cpu" });
    expect(notice).toMatch(
      /computing on the CPU, because Node has no WebGPU without the npm package webgpu\./,
    );
    device.dispose();
  });

  test("cpu needs no notice", async () => {
    const { device, notice } = await openDevice({ backend: "cpu" });
    expect(device.info.backend).toBe("cpu");
    expect(notice).toBeUndefined();
    device.dispose();
  });

  test("an unknown backend is refused", async () => {
    await expect(openDevice({ backend: "webgl" as "cpu" })).rejects.toThrow(
      /unknown backend.*"webgl".*"auto", "webgpu" or "cpu"/s,
    );
  });
});

/** A plain process of Node, with what this repository has installed. */
async function nodeSays(code: string): Promise<string> {
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  const flags = ["--import", "./tools/ts.mjs", "--input-type=module", "--eval"];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, code], { cwd: root });
  return stdout.trim();
}

test("in Node with the package webgpu, its adapter decides, and the process ends by itself", async () => {
  const said = await nodeSays(`
    import { openDevice } from "@tenrec/kernels";
    const { device, notice } = await openDevice();
    console.log(device.info.backend, notice ?? "");
  `);
  expect(said).toMatch(/^webgpu$|^cpu .*(offers no adapter|is a CPU renderer|webgpu does not load)/);
});

test("no adapter is a reason of its own", async () => {
  const gpu = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;
  await expect(openWebGpu({ gpu })).rejects.toThrow(/offers no adapter.*graphics driver/s);
});

test("CPU renderers are recognised by what they say of themselves", () => {
  const info = (parts: Partial<GPUAdapterInfo>): GPUAdapterInfo =>
    ({
      vendor: "",
      architecture: "",
      device: "",
      description: "",
      isFallbackAdapter: false,
      ...parts,
    }) as GPUAdapterInfo;
  const software = [
    info({ isFallbackAdapter: true }),
    info({ vendor: "google", architecture: "swiftshader" }),
    info({ description: "llvmpipe (LLVM 19.1, 256 bits)" }),
    info({ description: "Microsoft Basic Render Driver" }),
  ];
  expect(software.map((each) => describeAdapter(each).software)).toEqual([true, true, true, true]);
  const hardware = [
    info({ vendor: "apple", architecture: "metal-3" }),
    info({ vendor: "nvidia", architecture: "warpspeed" }),
  ];
  expect(hardware.map((each) => describeAdapter(each).software)).toEqual([false, false]);
});
