/**
 * Takes the float64 `reference` rules out of built primitives: only the interpreter of the tests calls them, a page should not
 * load them. The key stays, as null, so that records keep their shape; what only the rules used falls to tree-shaking.
 */
import { parseSync, Visitor } from "rolldown/utils";

/**
 * @param {string} code JavaScript of a module of packages/tensor/src/primitives
 * @returns {string}
 */
export function dropReferences(code) {
  const cuts = [];
  new Visitor({
    Property(node) {
      if (node.key.name === "reference" && !node.computed && !node.shorthand) cuts.push(node);
    },
    "ObjectPattern:exit"(pattern) {
      // A pattern that takes the rule out of a record is not one that states it.
      for (const property of pattern.properties)
        if (cuts.includes(property)) cuts.splice(cuts.indexOf(property), 1);
    },
  }).visit(parseSync("primitives.js", code).program);
  const outer = cuts.filter((cut) => !cuts.some(({ start, end }) => start < cut.start && cut.end <= end));
  return outer.reduceRight(
    (text, { start, end }) => `${text.slice(0, start)}reference: null${text.slice(end)}`,
    code,
  );
}
