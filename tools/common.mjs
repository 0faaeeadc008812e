/** What every tool needs: the root folder, whether a file was started itself, and running a command. */
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const cache = join(root, ".cache");
export const packages = ["kernels", "tensor", "layers", "tenrec"];

/** Whether the module of this `import.meta` is the one node was started with. */
export function isMain(meta) {
  return process.argv[1] !== undefined && meta.url === pathToFileURL(process.argv[1]).href;
}

/** The path of a tool installed at the root, started without a shell wrapper. */
export function bin(name) {
  return join(root, "node_modules/.bin", process.platform === "win32" ? `${name}.cmd` : name);
}

/**
 * Runs a command and gives its exit code and, with `capture`, its output; otherwise the output goes to the console.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ capture?: boolean, cwd?: string, env?: Record<string, string | undefined> }} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export function runCommand(command, args, { capture = false, cwd = root, env = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      shell: process.platform === "win32",
      stdio: capture ? ["ignore", "pipe", "pipe"] : "inherit",
    });
    let output = "";
    const keep = (chunk) => {
      output += chunk;
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
    child.on("error", (error) => resolve({ code: 127, output: `${output}${error.message}\n` }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}
