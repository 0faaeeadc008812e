/** Checks the dependency rules of the repository and lists what breaks them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { moduleFacts } from "./boundaries/moduleFacts.mjs";
import { violations } from "./boundaries/rules.mjs";
import { isMain, packages, root } from "./common.mjs";

const folders = ["packages", "apps", "bench", "e2e", "examples"];

function sourcePaths(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return ["node_modules", "dist"].includes(entry.name) ? [] : sourcePaths(path);
    return /\.(ts|mts|mjs|js)$/.test(entry.name) && !entry.name.endsWith(".d.ts") ? [path] : [];
  });
}

/** Every specifier that the packages' `exports` offer, with the module it stands for. */
function packageEntries() {
  const entries = new Map();
  for (const folder of packages) {
    const { name, exports } = JSON.parse(
      readFileSync(join(root, "packages", folder, "package.json"), "utf8"),
    );
    for (const [key, target] of Object.entries(exports))
      entries.set(posix.join(name, key), posix.join("packages", folder, target));
  }
  return entries;
}

export function boundaryViolations() {
  const paths = folders.flatMap(sourcePaths);
  const modules = paths.map((path) => moduleFacts(path, readFileSync(join(root, path), "utf8")));
  return violations({ modules, entries: packageEntries() });
}

if (isMain(import.meta)) {
  const found = boundaryViolations();
  for (const message of found) console.error(message);
  console.log(found.length === 0 ? "boundaries: clean" : `boundaries: ${found.length} violations`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
