/** Finds a Chromium that has WebGPU, installs one when none is there, and knows the flags it needs. */
import { existsSync, readFileSync } from "node:fs";
import { chromium } from "playwright";
import { bin, isMain, runCommand } from "./common.mjs";

/** Full Chromium in its new headless mode: the headless shell has no WebGPU. SwiftShader makes runs comparable. */
export function browserFlags() {
  const flags = [
    "--headless=new",
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--disable-background-networking",
    "--disable-sync",
    "--disable-component-update",
  ];
  // Chromium refuses to start its sandbox as root, as in most containers.
  if (process.getuid?.() === 0) flags.push("--no-sandbox");
  return flags;
}

/** Where Chromium is, or undefined: CHROMIUM_PATH, Playwright's own download, then the system's. */
export function findChromium() {
  const named = process.env.CHROMIUM_PATH;
  if (named) {
    if (existsSync(named)) return named;
    throw new Error(
      `browser: CHROMIUM_PATH names no file.\n  Received: ${named}\n  Expected: the path of Chromium or Chrome.`,
    );
  }
  return [chromium.executablePath(), "/usr/bin/chromium", "/usr/bin/google-chrome"].find(
    (path) => path && existsSync(path),
  );
}

/** Launch options for Playwright; with an `executablePath` it does not look for its headless shell. */
export function launchOptions() {
  const executablePath = findChromium();
  return {
    args: browserFlags(),
    ignoreDefaultArgs: ["--headless", "--headless=old"],
    ...(executablePath && { executablePath }),
  };
}

const fix =
  "  Fix: install Chromium (Debian: apt-get install chromium) or set CHROMIUM_PATH to one that has WebGPU, then run again.";

const missing = [
  "browser: no Chromium was found and none could be installed.",
  "  Received: no CHROMIUM_PATH, no Playwright download, no /usr/bin/chromium.",
  "  Expected: a Chromium or Chrome of version 121 or later (WebGPU).",
  fix,
].join("\n");

const isRoot = () => process.getuid?.() === 0;

function isDebian() {
  const release = "/etc/os-release";
  return existsSync(release) && /^ID="?debian"?$/m.test(readFileSync(release, "utf8"));
}

/** Debian's package brings the shared libraries that a bare machine lacks; Ubuntu's is only a stub for snap. */
async function installOnDebian() {
  const run = (...args) =>
    runCommand("apt-get", args, { capture: true, env: { DEBIAN_FRONTEND: "noninteractive" } });
  const install = () => run("install", "-y", "--no-install-recommends", "chromium");
  if ((await install()).code === 0) return;
  await run("update");
  await install();
}

async function installFromPlaywright() {
  const withLibraries = process.platform === "linux" && isRoot() ? ["--with-deps"] : [];
  await runCommand(bin("playwright"), ["install", "--no-shell", ...withLibraries, "chromium"], {
    capture: true,
  });
}

/** A Chromium that lacks a shared library exists and yet does not start. */
async function checkStarts(path) {
  const { code, output } = await runCommand(path, ["--version"], { capture: true });
  if (code === 0) return `${path}, ${output.trim().split("\n").at(-1)}`;
  throw new Error(`browser: Chromium does not start.\n  Received: ${path}: ${output.trim()}\n${fix}`);
}

/** Makes sure that a Chromium is there and starts; gives its path and version. */
export async function ensureBrowser() {
  if (!findChromium()) console.log("No Chromium found; installing one.");
  if (!findChromium() && isDebian() && isRoot()) await installOnDebian();
  if (!findChromium()) await installFromPlaywright();
  const path = findChromium();
  if (!path) throw new Error(missing);
  return checkStarts(path);
}

if (isMain(import.meta)) {
  try {
    console.log(`Chromium: ${await ensureBrowser()}`);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
