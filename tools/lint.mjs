/** `npm run lint`: biome (format and rules, warnings fail), dependency rules, shader module; `--write` mends style. */
import { ensureInstalled } from "./bootstrap.mjs";
import { bin, isMain, runCommand } from "./common.mjs";

/** @returns {Promise<boolean>} whether nothing was found */
export async function lint({ write = false } = {}) {
  await ensureInstalled();
  const biome = await runCommand(bin("biome"), [
    "check",
    "--error-on-warnings",
    ...(write ? ["--write"] : []),
  ]);
  const boundaries = await runCommand(process.execPath, ["tools/checkBoundaries.mjs"]);
  const shaders = await runCommand(process.execPath, [
    "tools/bundleShaders.mjs",
    ...(write ? [] : ["--check"]),
  ]);
  return [biome, boundaries, shaders].every(({ code }) => code === 0);
}

if (isMain(import.meta)) process.exitCode = (await lint({ write: process.argv.includes("--write") })) ? 0 : 1;
