/** @file Fills the marked places of a hand-written WGSL file: constants, hook functions, names. */

/** What replaces the marked places of a template. */
export interface TemplateFill {
  /** Values of the `// @specialize` constants; each must be given. */
  readonly constants: Readonly<Record<string, number | boolean>>;
  /** Replacements of the `// @hook` functions and structs, by name; each must be given. May declare further helpers. */
  readonly hooks: Readonly<Record<string, string>>;
  /** Appended to every name that the filled template declares. */
  readonly suffix: string;
  /** Of workgroup memory that is declared already, by the same template with the same constants. */
  readonly sharedSuffix?: string;
}

/** A template that does not match what is filled in: a mistake in shaders/ or in its generator. */
export class TemplateError extends Error {
  constructor(template: string, what: string, received: string, expected: string) {
    super(
      `fillTemplate: ${what}\n  Received: ${received} in ${template}.\n  Expected: ${expected}.\n` +
        `  Fix: make the marks of shaders/${template}.wgsl and its generator agree.`,
    );
    this.name = "TemplateError";
  }
}

const markedConstant = /^\/\/ @specialize\nconst (\w+) = [^;\n]*;$/gm;
const markedHook = /^\/\/ @hook\n(?:fn|struct) (\w+)[^]*?^}$/gm;
const standalone = /^\/\/ @standalone\n[^]*?^\/\/ @end\n/gm;

/** Each mark once, each mark filled, each filling marked. */
function checkMarks(
  template: string,
  kind: string,
  marks: readonly string[],
  given: readonly string[],
): void {
  const doubled = marks.find((mark, i) => marks.indexOf(mark) !== i);
  if (doubled) throw new TemplateError(template, `${kind} is marked twice.`, doubled, "each mark once");
  const unfilled = marks.find((mark) => !given.includes(mark));
  if (unfilled) throw new TemplateError(template, `${kind} is not filled.`, unfilled, given.join(", "));
  const unmarked = given.find((name) => !marks.includes(name));
  if (unmarked) throw new TemplateError(template, `${kind} is not marked.`, unmarked, marks.join(", "));
}

function marksOf(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, name]) => name!);
}

/** The names of the hooks that a template marks. */
export function hooksOf(text: string): string[] {
  return marksOf(text.replace(standalone, ""), markedHook);
}

/** Appends `suffix` to the names declared at the left margin: functions, structs, constants and variables. */
function renameDeclarations(text: string, suffix: string, sharedSuffix: string | undefined): string {
  if (suffix === "") return text;
  const declared = /^(?:fn|struct|const|var<[^>]*>) (\w+)/gm;
  const names = new Map(marksOf(text, declared).map((name) => [name, suffix]));
  const shared = sharedSuffix === undefined ? [] : marksOf(text, /^var<workgroup> (\w+)/gm);
  for (const name of shared) names.set(name, sharedSuffix as string);
  const own = shared.length > 0 ? text.replace(/^var<workgroup> [^;]*;\n/gm, "") : text;
  return own.replace(/\b[A-Za-z_]\w*\b/g, (name) => `${name}${names.get(name) ?? ""}`);
}

/** A WGSL file with its marks filled and its standalone parts (sample bindings, entry point) and comments removed. */
export function fillTemplate(template: string, text: string, fill: TemplateFill): string {
  const body = text.replace(standalone, "");
  checkMarks(template, "constant", marksOf(body, markedConstant), Object.keys(fill.constants));
  checkMarks(template, "hook", marksOf(body, markedHook), Object.keys(fill.hooks));
  const filled = body
    .replace(markedConstant, (_, name: string) => `const ${name} = ${fill.constants[name]};`)
    .replace(markedHook, (_, name: string) => fill.hooks[name]!);
  const stray = /^\/\/ @.*$/m.exec(filled);
  if (stray)
    throw new TemplateError(
      template,
      "a mark is not understood.",
      stray[0],
      "specialize, hook, standalone with end",
    );
  const code = filled
    .replace(/^ *\/\/.*\n/gm, "")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
  return renameDeclarations(code, fill.suffix, fill.sharedSuffix);
}
