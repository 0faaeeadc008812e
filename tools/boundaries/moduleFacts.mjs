/** Reads one TypeScript module and says what it imports, exports and uses; nothing here knows a rule. */
import { posix } from "node:path";
import { parseSync, Visitor } from "rolldown/utils";

/**
 * @typedef {{ specifier: string, target: string | undefined, typeOnly: boolean, lazy: boolean, names: string[] }} Import
 * `target` is the path of a relative import; `names` are the imported names, "*" for all; `lazy` marks `import()`.
 * @typedef {{ name: string, specifier: string | undefined, imported: string }} Export
 * `name` "*" re-exports everything; `specifier` is undefined for what the module itself declares.
 * @typedef {{ path: string, text: string, imports: Import[], exports: Export[], gpuGlobals: string[], evals: string[] }} Facts
 */

/** Names a module uses at run time; a GPU type in an annotation is erased and does no harm. */
function usedGlobals(program) {
  const gpuGlobals = new Set();
  const evals = new Set();
  let typeDepth = 0;
  const enter = () => {
    typeDepth++;
  };
  const leave = () => {
    typeDepth--;
  };
  new Visitor({
    TSTypeReference: enter,
    "TSTypeReference:exit": leave,
    TSInterfaceHeritage: enter,
    "TSInterfaceHeritage:exit": leave,
    Identifier(node) {
      if (typeDepth === 0 && /^GPU[A-Z]/.test(node.name)) gpuGlobals.add(node.name);
    },
    MemberExpression(node) {
      const property = node.property.name ?? node.property.value;
      if (property === "gpu" && isNavigator(node.object)) gpuGlobals.add("navigator.gpu");
    },
    CallExpression(node) {
      if (["eval", "Function"].includes(node.callee.name)) evals.add(node.callee.name);
    },
    NewExpression(node) {
      if (node.callee.name === "Function") evals.add("new Function");
    },
  }).visit(program);
  return { gpuGlobals: [...gpuGlobals], evals: [...evals] };
}

function isNavigator(node) {
  const inner =
    node.type === "TSAsExpression" || node.type === "ParenthesizedExpression" ? node.expression : node;
  return inner.name === "navigator" || inner.property?.name === "navigator";
}

function relativeTarget(path, specifier) {
  if (!specifier.startsWith(".")) return undefined;
  return posix.normalize(posix.join(posix.dirname(path), specifier.replace(/\?.*$/, "")));
}

/** Static imports, re-exports and literal dynamic imports, in that order. */
function readImports(path, text, module) {
  const found = [];
  const add = (specifier, typeOnly, names, lazy = false) =>
    found.push({ specifier, target: relativeTarget(path, specifier), typeOnly, lazy, names });
  for (const item of module.staticImports) {
    // `import { type A } from` keeps the import at run time; only `import type` is erased as a whole.
    const typeOnly = /^import\s+type\b(?!\s*(?:from\b|,))/.test(text.slice(item.start, item.end));
    add(
      item.moduleRequest.value,
      typeOnly,
      item.entries.map((entry) => entry.importName.name ?? "*"),
    );
  }
  for (const item of module.staticExports) {
    const source = item.entries.find((entry) => entry.moduleRequest)?.moduleRequest.value;
    const statement = text.slice(item.start, item.end);
    if (source === undefined || !statement.startsWith("export")) continue;
    const names = item.entries.map((entry) => entry.importName.name ?? "*");
    add(source, /^export\s+type\b/.test(statement), names);
  }
  for (const item of module.dynamicImports) {
    const literal = text.slice(item.moduleRequest.start, item.moduleRequest.end).match(/^["'`](.*)["'`]$/);
    if (literal) add(literal[1], false, ["*"], true);
  }
  return found;
}

function readExports(module) {
  return module.staticExports.flatMap((item) =>
    item.entries.map((entry) => ({
      name: entry.exportName.name ?? (entry.exportName.kind === "Default" ? "default" : "*"),
      specifier: entry.moduleRequest?.value,
      imported: entry.importName.name ?? "*",
    })),
  );
}

/**
 * @param {string} path a path from the root, with forward slashes
 * @param {string} text
 * @returns {Facts}
 */
export function moduleFacts(path, text) {
  const { program, module, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
  return {
    path,
    text,
    imports: readImports(path, text, module),
    exports: readExports(module),
    ...usedGlobals(program),
  };
}
