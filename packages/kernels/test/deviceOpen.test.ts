/** @file Choosing a device where there is no WebGPU, or only a pretended one. */
import { describe, expect, test } from "vitest";
import { describeAdapter } from "../src/device/adapter.ts";
import { openDevice, openWebGpu } from "../src/device/open.ts";

describe("without navigator.gpu", () => {
  test("webgpu refuses with the reason and the cure", async () => {
    const refusal = openDevice({ backend: "webgpu" });
    await expect(refusal).rejects.toMatchObject({ name: "DeviceError" });
    await expect(refusal).rejects.toThrow(
      /^init: WebGPU is not available.*no navigator\.gpu.*Fix: .*backend: "cpu"/s,
    );
  });

  test("auto takes the CPU with one notice", async () => {
    const { device, notice } = await openDevice();
    expect(device.info).toMatchObject({ backend: "cpu" });
    expect(notice).toMatch(/computing on the CPU, because this environment has no navigator\.gpu/);
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
