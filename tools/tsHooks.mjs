/** Module hooks behind tools/ts.mjs: a `.ts` file loads as the JavaScript that rolldown's transformer makes of it. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { transform } from "rolldown/utils";

export async function load(url, context, nextLoad) {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return nextLoad(url, context);
  const path = fileURLToPath(url);
  const { code, errors } = await transform(path, await readFile(path, "utf8"), { sourcemap: false });
  if (errors?.length) throw new Error(`${path}: ${errors.map((error) => error.message).join("\n")}`);
  return { format: "module", source: code, shortCircuit: true };
}
