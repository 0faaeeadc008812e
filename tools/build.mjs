/** `npm run build`: typed ES modules in each package's dist/, the single-file browser bundle, the playground. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ensureInstalled } from "./bootstrap.mjs";
import { bundleShaders, shaderModule } from "./bundleShaders.mjs";
import { bin, cache, isMain, packages, root, runCommand } from "./common.mjs";
import { dropReferences } from "./dropReferences.mjs";
import { minifyWgsl } from "./minifyWgsl.mjs";

/** The compiler rewrites `./a.ts` to `./a.js` in JavaScript but leaves it in declarations. */
function mendDeclarations(folder) {
  for (const entry of readdirSync(folder, { recursive: true }).map(String)) {
    if (!entry.endsWith(".d.ts")) continue;
    const path = join(folder, entry);
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace(/((?:from|import)\s*\(?\s*["']\.{1,2}\/[^"']*)\.ts(["'])/g, "$1.js$2"));
  }
}

/**
 * The compiler guards an import of what is no literal against relative paths in `.ts`. We have none, and bundlers heed the comments
 * that tell them to leave such an import alone only where they stand beside its argument.
 */
function mendImports(folder) {
  const guard = "__rewriteRelativeImportExtension";
  for (const entry of readdirSync(folder, { recursive: true }).map(String)) {
    if (!entry.endsWith(".js")) continue;
    const path = join(folder, entry);
    const text = readFileSync(path, "utf8");
    if (!text.includes(guard)) continue;
    const bare = text.replace(new RegExp(`^var ${guard} = .*?^};\n`, "ms"), "");
    writeFileSync(path, bare.replace(new RegExp(`import\\(${guard}\\((.*)\\)\\)`, "g"), "import($1)"));
  }
}

/** The compiler leaves addresses of Workers as they are. */
function mendWorkers(folder) {
  for (const entry of readdirSync(folder, { recursive: true }).map(String)) {
    if (!entry.endsWith(".js")) continue;
    const path = join(folder, entry);
    const text = readFileSync(path, "utf8");
    const mended = text.replace(/(new URL\("\.{1,2}\/[^"]*)\.ts(", import\.meta\.url\))/g, "$1.js$2");
    if (mended !== text) writeFileSync(path, mended);
  }
}

/** What only readers and tests of the sources need does not ship. */
function lighten() {
  const shaders = join(root, "packages/kernels/dist/shaders.js");
  writeFileSync(shaders, shaderModule(minifyWgsl).replace(/^(export const \w+): string/gm, "$1"));
  const primitives = join(root, "packages/tensor/dist/primitives");
  for (const entry of readdirSync(primitives).filter((name) => name.endsWith(".js"))) {
    const path = join(primitives, entry);
    writeFileSync(path, dropReferences(readFileSync(path, "utf8")));
  }
}

/** One run of the compiler over all packages; a module stays a module, which is what lets bundlers drop it. */
async function buildModules() {
  const output = join(cache, "build");
  rmSync(output, { recursive: true, force: true });
  const { code } = await runCommand(bin("tsc"), ["-p", "tsconfig.build.json"]);
  if (code !== 0) throw new Error("build: the packages have type errors.");
  for (const name of packages) {
    const dist = join(root, "packages", name, "dist");
    rmSync(dist, { recursive: true, force: true });
    cpSync(join(output, name, "src"), dist, { recursive: true });
    mendDeclarations(dist);
    mendImports(dist);
    mendWorkers(dist);
  }
  lighten();
}

/** The built modules behind the packages' names, longest name first, as rolldown takes the first that fits. */
function builtPackages() {
  const dist = (name) => join(root, "packages", name, "dist");
  return {
    "@tenrec/kernels/testing": join(dist("kernels"), "testing/index.js"),
    "@tenrec/kernels": join(dist("kernels"), "index.js"),
    "@tenrec/tensor": join(dist("tensor"), "index.js"),
    "@tenrec/layers": join(dist("layers"), "index.js"),
  };
}

/** Everything in one file, lazy parts included, for a `<script type="module">` without a build step. */
async function buildSingleFile() {
  const { build } = await import("rolldown");
  const dist = join(root, "packages/tenrec/dist");
  const version = JSON.parse(readFileSync(join(root, "packages/tenrec/package.json"), "utf8")).version;
  await build({
    input: join(dist, "index.js"),
    platform: "browser",
    resolve: { alias: builtPackages() },
    output: {
      file: join(dist, "tenrec.min.js"),
      format: "esm",
      minify: true,
      codeSplitting: false,
      banner: `/*! tenrec ${version} | Apache-2.0 */`,
    },
  });
  writeFileSync(join(dist, "tenrec.min.d.ts"), 'export * from "./index.js";\n');
  // Threads of the cpu backend: the single file looks for their module beside itself.
  await build({
    input: join(root, "packages/kernels/dist/cpu/threads/worker.js"),
    platform: "browser",
    output: { file: join(dist, "worker.js"), format: "esm", minify: true },
  });
  writeFileSync(join(dist, "worker.d.ts"), "export {};\n");
  const bytes = readFileSync(join(dist, "tenrec.min.js"));
  const kilobytes = (count) => `${(count / 1024).toFixed(1)} KB`;
  console.log(
    `tenrec.min.js: ${kilobytes(bytes.length)}, ${kilobytes(gzipSync(bytes, { level: 9 }).length)} gzip`,
  );
}

async function buildPlayground() {
  const { code } = await runCommand(bin("vite"), [
    "build",
    "--config",
    "vite.config.ts",
    "--logLevel",
    "warn",
  ]);
  if (code !== 0) throw new Error("build: the playground did not build.");
}

export async function build() {
  await ensureInstalled();
  mkdirSync(cache, { recursive: true });
  bundleShaders();
  await buildModules();
  await buildSingleFile();
  await buildPlayground();
}

if (isMain(import.meta)) {
  try {
    await build();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
