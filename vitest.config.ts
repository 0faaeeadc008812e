/**
 * The rings of tests: `node` without a GPU, `gpu` on WebGPU in Chromium, `prove` for long proofs there; `javascript` and `relaxed` are
 * the tests of `node` without WebAssembly, and in Chromium with what WebAssembly has there; `threads` those that compute, in two.
 */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig, type TestProjectConfiguration, type UserWorkspaceConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { launchOptions } from "./tools/browser.mjs";
import { cpuRings } from "./tools/cpuRings.mjs";
import { trainInNode } from "./tools/vitest/trainInNode.mjs";

/** Real data for the long proofs, as a folder beside the repository or where TENREC_DATA says; most machines have none. */
const dataFolder = process.env.TENREC_DATA ?? fileURLToPath(new URL("../shared/data", import.meta.url));
const hasData = existsSync(dataFolder);

/** What the fast ring leaves out: models trained, threads started, and the larger golden files. */
const slow = [
  "**/{realModels,charGpt,worker,orderingTargets,convLayers,mixedPrecision,train,nodeGuide,threads,linearMemory}.test.ts",
  "**/golden{Recurrent,Convolution,ModelLayers,Functional,Metrics}.test.ts",
];

/** The longest files first, for a run ends with its last file: without its cache of durations Vitest starts with large files. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) =>
      /\/(fuzz|samples|realModels|recurrent|worker|control)\./.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

/** Pages that run test files side by side. One page with the GPU's process keeps about one core busy, however many there are. */
const pages = Math.min(2, availableParallelism());

type TestOptions = NonNullable<UserWorkspaceConfig["test"]>;

/** A project whose files run in Node, on the CPU. */
function nodeProject(name: string, test: TestOptions): TestProjectConfiguration {
  return {
    extends: true,
    // No file of this name: tests of these rings compute on the CPU, also where Node could have a GPU.
    resolve: { alias: { webgpu: fileURLToPath(new URL("no-such-package", import.meta.url)) } },
    test: {
      name,
      environment: "node",
      testTimeout: 30_000,
      // By default one core stays idle: half of a machine that has two.
      maxWorkers: availableParallelism(),
      // A worker keeps its modules from file to file: 84 s of processor time rather than 144 in the fast ring.
      isolate: false,
      restoreMocks: true,
      ...test,
    },
  };
}

/** A project whose files run in pages of Chromium, by default one after another. */
function browserProject(
  name: string,
  testTimeout: number,
  { maxWorkers = 1, ...test }: TestOptions & { maxWorkers?: number },
): TestProjectConfiguration {
  return {
    extends: true,
    server: {
      fs: { allow: [fileURLToPath(new URL(".", import.meta.url)), ...(hasData ? [dataFolder] : [])] },
    },
    test: {
      name,
      provide: { dataUrl: hasData ? `/@fs${dataFolder}` : "" },
      testTimeout,
      hookTimeout: testTimeout,
      fileParallelism: maxWorkers > 1,
      maxWorkers,
      setupFiles: ["./tools/vitest/gpuErrors.ts"],
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({ launchOptions: launchOptions() }),
        instances: [{ browser: "chromium" }],
        api: { host: "127.0.0.1" },
        commands: { trainInNode },
      },
      ...test,
    },
  };
}

export default defineConfig({
  test: {
    provide: { fuzzScripts: Number(process.env.FUZZ ?? 3000) },
    sequence: { sequencer: LongestFirst },
    projects: [
      nodeProject("node", {
        include: ["{packages,apps}/*/test/**/*.test.ts", "{tools,examples}/test/**/*.test.ts"],
        exclude: ["**/*.gpu.test.ts", "**/node_modules/**", ...(process.env.FAST ? slow : [])],
      }),
      nodeProject("javascript", {
        include: cpuRings.javascript(),
        setupFiles: ["./tools/vitest/withoutWebAssembly.ts"],
      }),
      nodeProject("threads", {
        include: cpuRings.threads(),
        setupFiles: ["./tools/vitest/withThreads.ts"],
        // Thousands of steps that are shared although they are small.
        testTimeout: 180_000,
        // A thread waits for chunks of others, who have to run: two threads a worker.
        maxWorkers: Math.max(1, Math.floor(availableParallelism() / 2)),
      }),
      browserProject("relaxed", 60_000, {
        include: cpuRings.relaxed(),
        setupFiles: ["./tools/vitest/withoutGpu.ts"],
        isolate: false,
        restoreMocks: true,
      }),
      browserProject("gpu", 60_000, { include: ["packages/*/test/**/*.gpu.test.ts"], maxWorkers: pages }),
      browserProject("prove", 1_800_000, { include: ["packages/*/test/**/*.prove.ts"] }),
    ],
  },
});

declare module "vitest" {
  interface ProvidedContext {
    /** Where a browser test fetches real data ("/@fs/.../mnist/..."), or "" where this machine has none. */
    dataUrl: string;
  }
}
