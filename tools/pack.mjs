/** Packs the built packages as npm would and unpacks them into .cache/packed, where checks see what users get. */
import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pnpm } from "./bootstrap.mjs";
import { cache, packages, root, runCommand } from "./common.mjs";

const names = {
  kernels: "@tenrec/kernels",
  tensor: "@tenrec/tensor",
  layers: "@tenrec/layers",
  tenrec: "tenrec",
};
export const packedRoot = join(cache, "packed");

/** The folder of an unpacked package; each finds the others as a user's project would. */
export function packedFolder(name) {
  return join(packedRoot, "node_modules", names[name]);
}

async function must(result, what) {
  const { code, output } = await result;
  if (code !== 0) throw new Error(`pack: ${what} failed.\n${output}`);
}

let packed;

/**
 * Packs once per process, however many checks ask.
 *
 * @returns {Promise<Record<string, string>>} the path of each package's tarball
 */
export function pack() {
  packed ??= packNow();
  return packed;
}

async function packNow() {
  rmSync(packedRoot, { recursive: true, force: true });
  const tarballs = {};
  for (const name of packages) {
    const folder = packedFolder(name);
    const destination = join(packedRoot, "tarballs", name);
    mkdirSync(destination, { recursive: true });
    mkdirSync(folder, { recursive: true });
    const cwd = join(root, "packages", name);
    await must(
      pnpm(["pack", "--pack-destination", destination], { cwd, capture: true }),
      `pnpm pack of ${name}`,
    );
    tarballs[name] = join(destination, readdirSync(destination)[0]);
    await must(runCommand("tar", ["-xzf", tarballs[name], "-C", folder], { capture: true }), "tar");
    for (const entry of readdirSync(join(folder, "package")))
      renameSync(join(folder, "package", entry), join(folder, entry));
    rmSync(join(folder, "package"), { recursive: true });
  }
  return tarballs;
}
