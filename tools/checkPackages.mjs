/** Asks publint, attw (are the types wrong?) and the compiler about each package as it would be published. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bin, isMain, packages, runCommand } from "./common.mjs";
import { pack, packedRoot } from "./pack.mjs";

/** A user's program; the declarations are checked too, and no types but the browser's are at hand. */
const consumer = `import * as kernels from "@tenrec/kernels";
import * as kernelsTesting from "@tenrec/kernels/testing";
import * as layers from "@tenrec/layers";
import * as tensor from "@tenrec/tensor";
import * as tensorTesting from "@tenrec/tensor/testing";
import * as tenrec from "tenrec";
import * as singleFile from "tenrec/tenrec.min.js";
import * as testing from "tenrec/testing";

export const all = [kernels, kernelsTesting, layers, tensor, tensorTesting, tenrec, singleFile, testing];
`;

async function report(what, result) {
  const { code, output } = await result;
  console.log(`${what}: ${code === 0 ? "clean" : `fails\n${output}`}`);
  return code === 0;
}

/** Compiles the consumer under each way of resolving modules that knows `exports`. */
async function checkDeclarations() {
  writeFileSync(join(packedRoot, "consumer.ts"), consumer);
  writeFileSync(join(packedRoot, "package.json"), '{ "type": "module", "private": true }\n');
  let clean = true;
  for (const [module, resolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ]) {
    const flags = [
      "--strict",
      "--noEmit",
      "--target",
      "es2023",
      "--lib",
      "es2024,esnext.disposable,dom",
      "--types",
      "",
    ];
    const args = [
      "consumer.ts",
      "--ignoreConfig",
      "--module",
      module,
      "--moduleResolution",
      resolution,
      ...flags,
    ];
    const result = runCommand(bin("tsc"), args, { capture: true, cwd: packedRoot });
    clean = (await report(`declarations under ${resolution}`, result)) && clean;
  }
  return clean;
}

async function checkPackage(name, tarball) {
  const ask = (tool, args) => report(`${name}: ${tool}`, runCommand(bin(tool), args, { capture: true }));
  const linted = await ask("publint", ["run", tarball, "--strict"]);
  const typed = await ask("attw", [tarball, "--profile", "esm-only", "--no-color"]);
  return linted && typed;
}

/** @returns {Promise<boolean>} whether all of them are content */
export async function checkPackages() {
  const tarballs = await pack();
  // Side by side, for each question is a process of its own.
  const checks = packages.map((name) => checkPackage(name, tarballs[name]));
  const answers = await Promise.all([...checks, checkDeclarations()]);
  return answers.every(Boolean);
}

if (isMain(import.meta)) process.exitCode = (await checkPackages()) ? 0 : 1;
