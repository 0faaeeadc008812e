/** End-to-end tests in full Chromium on WebGPU against the built files, served from this folder. */
import { defineConfig } from "@playwright/test";
import { launchOptions } from "./tools/browser.mjs";

// Workers read this file again and inherit the environment, so that all of them agree on one port.
process.env.TENREC_E2E_PORT ??= String(20_000 + (process.pid % 20_000));
const url = `http://127.0.0.1:${process.env.TENREC_E2E_PORT}`;

export default defineConfig({
  testDir: "e2e",
  outputDir: ".cache/e2e",
  // A page mostly waits: two of them fill two cores. Each worker has a browser of its own, so that its GPU may be crashed.
  workers: 2,
  fullyParallel: true,
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [["list"], ["json", { outputFile: ".cache/e2e.json" }]],
  use: { baseURL: url, browserName: "chromium", launchOptions: launchOptions(), trace: "off" },
  webServer: {
    command: `node tools/serve.mjs ${process.env.TENREC_E2E_PORT}`,
    url: `${url}/package.json`,
    reuseExistingServer: false,
  },
});
