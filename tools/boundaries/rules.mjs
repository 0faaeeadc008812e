/** The dependency rules of ARCHITECTURE.md as functions from the facts of all modules to messages. */

/** What each part of the repository may import by name, from the top down; arrows never turn back. */
const mayImport = {
  "packages/kernels": [],
  "packages/tensor": ["@tenrec/kernels"],
  "packages/layers": ["@tenrec/tensor"],
  "packages/tenrec": ["@tenrec/layers", "@tenrec/tensor", "@tenrec/kernels"],
  apps: ["tenrec"],
  bench: ["tenrec"],
  e2e: ["tenrec"],
  examples: ["tenrec"],
};

const gpuHomes = ["packages/kernels/src/device/", "packages/kernels/src/program/"];
const wgslHomes = ["packages/kernels/src/codegen/", "packages/kernels/src/shaders.ts"];
const graphFolder = "packages/tensor/src/graph/";
const compileFolder = "packages/tensor/src/compile/";

const isShipped = (path) => /^(packages|apps)\/[^/]+\/src\//.test(path);
const isLibrary = (path) => /^packages\/[^/]+\/src\//.test(path);
const startsWithAny = (path, prefixes) => prefixes.some((prefix) => path.startsWith(prefix));

/** The part a path belongs to: `packages/tensor`, `apps/playground`, `bench`, ... */
function partOf(path) {
  const [first, second] = path.split("/");
  return first === "packages" || first === "apps" ? `${first}/${second}` : first;
}

function allowedPackages(path) {
  const part = partOf(path);
  return mayImport[part] ?? mayImport[part.split("/")[0]];
}

function packageName(specifier) {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Tests of any package may read counters and the like, which is what entries called testing are for. */
const isTestingInTest = (path, specifier) => path.includes("/test/") && specifier.endsWith("/testing");

const isOwn = (specifier) => specifier.startsWith("@tenrec/") || packageName(specifier) === "tenrec";

/** Packages import those below them, and only entries that `exports` names. */
function packageImports({ modules, entries }) {
  return modules.flatMap(({ path, imports }) => {
    const allowed = allowedPackages(path);
    if (!allowed) return [];
    return imports
      .filter(({ specifier }) => isOwn(specifier) && !isTestingInTest(path, specifier))
      .flatMap(({ specifier }) => {
        if (!allowed.includes(packageName(specifier)))
          return [
            `${path}: imports ${specifier}; ${partOf(path)} may import ${allowed.join(", ") || "no package"}.`,
          ];
        return entries.has(specifier) ? [] : [`${path}: imports ${specifier}, which no "exports" names.`];
      });
  });
}

/** A relative import stays in its own part; what crosses goes by package name. */
function relativeImports({ modules }) {
  return modules.flatMap(({ path, imports }) =>
    imports
      .filter(({ target }) => target && isShipped(path) && !target.startsWith(`${partOf(path)}/src/`))
      .map(
        ({ specifier }) => `${path}: imports ${specifier} outside ${partOf(path)}/src; use the package name.`,
      ),
  );
}

/** The library has no dependency but itself and needs no Node. */
function libraryDependencies({ modules }) {
  return modules
    .filter(({ path }) => isLibrary(path))
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ specifier, target }) => !target && !isOwn(specifier))
        .map(({ specifier }) => `${path}: imports ${specifier}; packages have no runtime dependency.`),
    );
}

function gpuGlobals({ modules }) {
  return modules
    .filter(
      ({ path, gpuGlobals }) => isShipped(path) && gpuGlobals.length > 0 && !startsWithAny(path, gpuHomes),
    )
    .map(
      ({ path, gpuGlobals }) =>
        `${path}: uses ${gpuGlobals.join(", ")}; only kernels' device and program may.`,
    );
}

function shaderText({ modules }) {
  return modules
    .filter(
      ({ path, text }) => isShipped(path) && text.includes("@compute") && !startsWithAny(path, wgslHomes),
    )
    .map(({ path }) => `${path}: holds "@compute"; WGSL entry points live in shaders/ and kernels' codegen.`);
}

function noEval({ modules }) {
  return modules
    .filter(({ path, evals }) => isShipped(path) && evals.length > 0)
    .map(
      ({ path, evals }) =>
        `${path}: uses ${evals.join(", ")}, which a strict content security policy forbids.`,
    );
}

/** tensor's graph is the vocabulary of all other folders: it imports only itself and types of kernels. */
function graphStandsAlone({ modules }) {
  return modules
    .filter(({ path }) => path.startsWith(graphFolder))
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ specifier, target, typeOnly }) =>
          target ? !target.startsWith(graphFolder) : !(specifier === "@tenrec/kernels" && typeOnly),
        )
        .map(
          ({ specifier }) =>
            `${path}: imports ${specifier}; graph imports graph and types of @tenrec/kernels.`,
        ),
    );
}

/** The modules that declare what `name` of `path` stands for, followed through re-exports. */
function origins(byPath, path, name, seen = new Set()) {
  const module = byPath.get(path);
  if (!module || seen.has(`${path} ${name}`)) return [];
  seen.add(`${path} ${name}`);
  const targets = new Map(module.imports.map((item) => [item.specifier, item.target]));
  const matching = module.exports.filter((item) => name === "*" || item.name === name || item.name === "*");
  return matching.flatMap((item) => {
    if (item.specifier === undefined) return [path];
    return origins(byPath, targets.get(item.specifier), item.name === "*" ? name : item.imported, seen);
  });
}

/** Compilation is data to data: it names nothing of kernels that touches a GPU. */
function compileIsPure({ modules, entries }) {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  return modules
    .filter(({ path }) => path.startsWith(compileFolder))
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ specifier }) => packageName(specifier) === "@tenrec/kernels")
        .flatMap(({ specifier, names }) => names.map((name) => ({ name, entry: entries.get(specifier) })))
        .filter(({ name, entry }) =>
          origins(byPath, entry, name).some((origin) => startsWithAny(origin, gpuHomes)),
        )
        .map(
          ({ name }) =>
            `${path}: imports ${name} of kernels' device or program; compile works on data alone.`,
        ),
    );
}

/** The cycles of imports at load time (types are erased, `import()` comes later), each once, found by a depth-first walk. */
function noCycles({ modules }) {
  const runtime = new Map(
    modules.map(({ path, imports }) => [
      path,
      imports
        .filter(({ target, typeOnly, lazy }) => target && !typeOnly && !lazy)
        .map(({ target }) => target),
    ]),
  );
  const done = new Set();
  const stack = [];
  const messages = [];
  const visit = (path) => {
    const start = stack.indexOf(path);
    if (start >= 0) messages.push(`circular import: ${[...stack.slice(start), path].join(" -> ")}`);
    if (start >= 0 || done.has(path)) return;
    stack.push(path);
    for (const next of runtime.get(path) ?? []) visit(next);
    stack.pop();
    done.add(path);
  };
  for (const path of runtime.keys()) visit(path);
  return messages;
}

/**
 * All violations, one line each.
 *
 * @param {{ modules: import("./moduleFacts.mjs").Facts[], entries: Map<string, string> }} repository
 *   `entries` maps each importable specifier ("tenrec/testing") to the path of its module
 * @returns {string[]}
 */
export function violations(repository) {
  const rules = [
    packageImports,
    relativeImports,
    libraryDependencies,
    gpuGlobals,
    shaderText,
    noEval,
    graphStandsAlone,
    compileIsPure,
    noCycles,
  ];
  return rules.flatMap((rule) => rule(repository));
}
