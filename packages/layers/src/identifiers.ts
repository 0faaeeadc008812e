/** @file String identifiers: both spellings (`he_normal`, `heNormal`, `HeNormal`), and errors that name the nearest known ones. */
import { ValueError } from "@tenrec/tensor";

/** A name, an object, or nothing. */
export type Identifier<T> = string | T | null | undefined;

/** One spelling for all: lower case without separators. */
const plain = (name: string): string => name.replace(/[_\-\s]/g, "").toLowerCase();

/** Where `wanted` is among `names` in any spelling; the error lists the nearest names. */
export function findName(where: string, kind: string, wanted: string, names: readonly string[]): string {
  const key = plain(wanted);
  const found = names.find((name) => plain(name) === key);
  if (found !== undefined) return found;
  throw unknownName(where, kind, wanted, names);
}

export function unknownName(
  where: string,
  kind: string,
  wanted: string,
  names: readonly string[],
): ValueError {
  const near = nearest(wanted, names);
  return new ValueError(where, `unknown ${kind}.`, {
    received: JSON.stringify(wanted),
    expected: `one of ${names.join(", ")}.`,
    fix:
      near.length > 0
        ? `did you mean ${near.map((name) => `"${name}"`).join(" or ")}?`
        : `pass ${kind} as an object.`,
  });
}

/** Up to three names within a third of their length in edits. */
export function nearest(wanted: string, names: readonly string[]): string[] {
  const key = plain(wanted);
  return names
    .map((name) => ({
      name,
      distance: editDistance(key, plain(name)) / Math.max(key.length, name.length, 1),
    }))
    .filter(({ distance }) => distance <= 0.45)
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] as number) + Number(a[i - 1] !== b[j - 1]);
      next.push(Math.min(substitution, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** An object for an identifier: null for nothing, objects as they are, names from a table of makers. */
export function resolve<T extends object>(
  where: string,
  kind: string,
  identifier: Identifier<T>,
  table: Readonly<Record<string, () => T>>,
): T | null {
  if (identifier === null || identifier === undefined) return null;
  if (typeof identifier !== "string") return identifier;
  const make = table[findName(where, kind, identifier, Object.keys(table))] as () => T;
  return make();
}
