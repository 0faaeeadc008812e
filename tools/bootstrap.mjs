/** Makes a fresh clone usable with Node and npm alone: pnpm comes through npx, dependencies from the lock file. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isMain, root, runCommand } from "./common.mjs";

const { packageManager, engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Runs pnpm in the version that package.json names, fetched by npx where it is not installed. */
export function pnpm(args, options = {}) {
  return runCommand("npx", ["--yes", packageManager, ...args], options);
}

/** pnpm keeps a copy of the lock file it installed; equal copies mean that nothing is missing. */
function isInstalled() {
  const installed = join(root, "node_modules/.pnpm/lock.yaml");
  const wanted = join(root, "pnpm-lock.yaml");
  return existsSync(installed) && readFileSync(installed, "utf8") === readFileSync(wanted, "utf8");
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  const [wantedMajor, wantedMinor] = engines.node.replace(/^\D+/, "").split(".").map(Number);
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  throw new Error(
    `bootstrap: Node is too old.\n  Received: ${process.versions.node}\n  Expected: ${engines.node}`,
  );
}

/** Installs the dependencies if they are missing; the lock file stays as it is. */
export async function ensureInstalled() {
  checkNode();
  if (isInstalled()) return;
  const { code } = await pnpm(["install", "--frozen-lockfile"], { env: { CI: "true" } });
  if (code !== 0) throw new Error(`bootstrap: pnpm install failed with exit code ${code}.`);
}

if (isMain(import.meta)) await ensureInstalled();
