/** `npm run typecheck`: all sources, tests and tools in one program, then the packages as they are built. */
import { ensureInstalled } from "./bootstrap.mjs";
import { bin, isMain, runCommand } from "./common.mjs";

/** @returns {Promise<boolean>} whether no error was found */
export async function typecheck() {
  await ensureInstalled();
  const everything = await runCommand(bin("tsc"), ["-p", "tsconfig.json"]);
  // The build's program has no types of Node, so that a package cannot come to rely on them.
  const packages = await runCommand(bin("tsc"), ["-p", "tsconfig.build.json", "--noEmit"]);
  return everything.code === 0 && packages.code === 0;
}

if (isMain(import.meta)) process.exitCode = (await typecheck()) ? 0 : 1;
