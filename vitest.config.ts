/** The rings of tests: `node` without a GPU, `gpu` on WebGPU in Chromium, `prove` for long proofs there. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig, type TestProjectConfiguration } from "vitest/config";
import { launchOptions } from "./tools/browser.mjs";

/** Real data for the long proofs, as a folder beside the repository or where TENREC_DATA says; most machines have none. */
const dataFolder = process.env.TENREC_DATA ?? fileURLToPath(new URL("../shared/data", import.meta.url));
const hasData = existsSync(dataFolder);

/** What the fast ring leaves out: models trained, and the larger golden files. */
const slow = [
  "**/{realModels,charGpt,worker,orderingTargets,convLayers}.test.ts",
  "**/golden{Recurrent,Convolution,ModelLayers,Functional,Metrics}.test.ts",
];

/** A project whose files run one after another in one page of Chromium. */
function browserProject(name: string, include: string[], testTimeout: number): TestProjectConfiguration {
  return {
    extends: true,
    server: {
      fs: { allow: [fileURLToPath(new URL(".", import.meta.url)), ...(hasData ? [dataFolder] : [])] },
    },
    test: {
      name,
      include,
      provide: { dataUrl: hasData ? `/@fs${dataFolder}` : "" },
      testTimeout,
      hookTimeout: testTimeout,
      fileParallelism: false,
      setupFiles: ["./tools/vitest/gpuErrors.ts"],
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({ launchOptions: launchOptions() }),
        instances: [{ browser: "chromium" }],
        api: { host: "127.0.0.1" },
      },
    },
  };
}

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "node",
          environment: "node",
          include: ["{packages,apps}/*/test/**/*.test.ts", "tools/test/**/*.test.ts"],
          exclude: ["**/*.gpu.test.ts", "**/node_modules/**", ...(process.env.FAST ? slow : [])],
          testTimeout: 30_000,
        },
      },
      browserProject("gpu", ["packages/*/test/**/*.gpu.test.ts"], 60_000),
      browserProject("prove", ["packages/*/test/**/*.prove.ts"], 1_800_000),
    ],
  },
});

declare module "vitest" {
  interface ProvidedContext {
    /** Where a browser test fetches real data ("/@fs/.../mnist/..."), or "" where this machine has none. */
    dataUrl: string;
  }
}
