/**
 * `npm run bench:gpu -- [--only=mlp,matmul-1024] [--rounds=5] [--seconds=0.5] [--factor=10] [--tune] [--explain] [--out=bench/GPU]`: our workloads in Node.
 * `npm run bench:bundle` only writes `.cache/bench/bench.mjs`, one file that needs nothing but the npm package `webgpu` beside it.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled } from "../tools/bootstrap.mjs";
import { cache, root } from "../tools/common.mjs";

await ensureInstalled();
const { build } = await import("rolldown");
const { dependencies } = JSON.parse(readFileSync(join(root, "packages/tenrec/package.json"), "utf8"));
const file = join(cache, "bench/bench.mjs");

/** The other libraries' sides are chunks that Node never loads; here they would only make the file large. */
const peers = /[./](tfjs|tfjsFit|jaxjs)\.ts$/;

await build({
  input: join(import.meta.dirname, "src/node.ts"),
  platform: "node",
  external: (id) => id === "webgpu" || id.startsWith("node:") || peers.test(id),
  output: { file, format: "esm", codeSplitting: false, minify: false },
  logLevel: "warn",
});
console.log(`Written to ${file}, with ${Object.keys(dependencies).join(", ")} inside.`);
if (!process.argv.includes("--bundle")) {
  const { status } = spawnSync(process.execPath, [file, ...process.argv.slice(2)], { stdio: "inherit" });
  process.exitCode = status ?? 1;
}
