/**
 * Takes the float64 `reference` rules out of built primitives: only the interpreter of the tests calls them, a page should not
 * load them. The key stays, as null, so that records keep their shape; what only the rules used falls to tree-shaking.
 */
import { parseSync, Visitor } from "rolldown/utils";

/** Which parameter of a function is called `reference`, or -1. */
const place = ({ params }) => params.findIndex((param) => param.name === "reference");

/** The module's functions that are handed a rule, with the place of that parameter. */
function receivers(program) {
  const found = new Map();
  const note = (name, node) => {
    if (name && node && place(node) >= 0) found.set(name, place(node));
  };
  new Visitor({
    FunctionDeclaration: (node) => note(node.id?.name, node),
    VariableDeclarator: ({ id, init }) => note(id.name, init?.params && init),
  }).visit(program);
  return found;
}

/** Where rules stand: as properties of records, and as arguments of functions that put them there. */
function findRules(program) {
  const rules = [];
  const places = receivers(program);
  new Visitor({
    ObjectPattern: ({ properties }) => {
      // What takes a rule out of a record does not state one.
      for (const property of properties) property.isPattern = true;
    },
    Property: (node) => {
      if (node.key.name === "reference" && !node.computed && !node.shorthand && !node.isPattern)
        rules.push({ start: node.start, end: node.end, text: "reference: null" });
    },
    CallExpression: ({ callee, arguments: given }) => {
      const rule = given[places.get(callee.name) ?? -1];
      if (rule) rules.push({ start: rule.start, end: rule.end, text: "null" });
    },
  }).visit(program);
  return rules;
}

/**
 * @param {string} code JavaScript of a module of packages/tensor/src/primitives
 * @returns {string}
 */
export function dropReferences(code) {
  const rules = findRules(parseSync("primitives.js", code).program);
  const isInside = (inner, outer) => outer !== inner && outer.start <= inner.start && inner.end <= outer.end;
  return rules
    .filter((rule) => !rules.some((other) => isInside(rule, other)))
    .sort((a, b) => b.start - a.start)
    .reduce((text, { start, end, text: instead }) => text.slice(0, start) + instead + text.slice(end), code);
}
