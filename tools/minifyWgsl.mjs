/**
 * Makes a file of shaders/ small for the published package: what a template replaces anyway goes, locals get short names,
 * functions take two lines. Marks, names at the left margin and the closing brace there stay: codegen finds parts by them.
 */

const standalone = /^\/\/ @standalone\n[^]*?^\/\/ @end\n/gm;
const markedConstant = /^(\/\/ @specialize\nconst \w+ = )[^;\n]*;/gm;
const markedHook = /^(\/\/ @hook\n(?:fn|struct) \w+)[^]*?^}$/gm;
const plainFunction = /(?<!\/\/ @hook\n)^fn (\w+)([^]*?)\{\n([^]*?)^}$/gm;
const plainStruct = /(?<!\/\/ @hook\n)^struct (\w+) \{\n([^]*?)^}$/gm;
const declaration = /\b(?:let|var|const) (\w+)/g;
const parameter = /[(,]\s*(\w+)\s*:/g;
/** A name that is not the field of something. */
const name = /(?<![.\w])[A-Za-z_]\w*/g;

/** Spaces that only readers need; those between signs stay, since `a - -b` and `a--b` differ. */
function squeeze(text) {
  return text
    .replace(/\s+/g, " ")
    .replace(/ ?([^\w\s+-]) ?/g, "$1")
    .replace(/(?<=\w|\)|\]) ?([+-]) ?(?=\w|\()/g, "$1")
    .replace(/,([)}\]])/g, "$1")
    .trim();
}

/** a to z, a1 to z1, ...: with a digit none of them is a keyword. */
function shortName(index) {
  const round = Math.floor(index / 26);
  return String.fromCharCode(97 + (index % 26)) + (round || "");
}

/** Renames what `text` declares as parameters and locals, to names that it does not use otherwise. */
function renameLocals(text, signature) {
  const declared = [...signature.matchAll(parameter), ...text.matchAll(declaration)].map(
    ([, local]) => local,
  );
  const locals = new Set(declared);
  const taken = new Set([...text.matchAll(name)].map(([word]) => word).filter((word) => !locals.has(word)));
  const short = new Map();
  let index = 0;
  for (const local of locals) {
    while (taken.has(shortName(index))) index++;
    short.set(local, shortName(index++));
  }
  return text.replace(name, (word) => short.get(word) ?? word);
}

/** `fn f(a:f32)->f32{` and, after a space that keeps its declarations off the margin, the body on one line. */
function smallFunction(_, head, signature, body) {
  const parts = renameLocals(`${signature}{\n${body}`, signature);
  const cut = parts.indexOf("{\n");
  return `fn ${head}${squeeze(parts.slice(0, cut))}{\n ${squeeze(parts.slice(cut + 2))}\n}`;
}

/**
 * @param {string} text WGSL without prose comments
 * @returns {string} WGSL that gives the same kernels
 */
export function minifyWgsl(text) {
  return text
    .replace(standalone, "")
    .replace(markedConstant, "$1;")
    .replace(markedHook, "$1\n}")
    .replace(plainFunction, smallFunction)
    .replace(plainStruct, (_, head, body) => `struct ${head}{\n ${squeeze(body)}\n}`)
    .replace(/\n{2,}/g, "\n")
    .trimStart();
}
