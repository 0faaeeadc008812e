/** `npm start`: installs what is missing and serves the playground; `npm start -- --port 8080` sets the port. */

import { ensureInstalled } from "./bootstrap.mjs";
import { bundleShaders } from "./bundleShaders.mjs";
import { bin, root, runCommand } from "./common.mjs";

await ensureInstalled();
bundleShaders();
const config = ["--config", "vite.config.ts"];
const { code } = await runCommand(bin("vite"), [...config, ...process.argv.slice(2)], { cwd: root });
process.exitCode = code;
