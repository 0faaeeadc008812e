/** @file Nested arrays and plain records of leaves, taken apart and put together again. */

/** Leaves in order, and the structure as text (equal text, equal structure). */
export interface Tree {
  readonly leaves: readonly unknown[];
  readonly shape: string;
  readonly rebuild: (leaves: () => unknown) => unknown;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

export function flattenTree(value: unknown): Tree {
  if (Array.isArray(value)) return join(value.map(flattenTree), "[]", (parts) => parts);
  if (!isRecord(value)) return { leaves: [value], shape: "*", rebuild: (next) => next() };
  const names = Object.keys(value);
  const parts = names.map((name) => flattenTree(value[name]));
  return join(parts, `{${names.join()}}`, (built) =>
    Object.fromEntries(names.map((name, i) => [name, built[i]])),
  );
}

function join(parts: readonly Tree[], kind: string, build: (parts: unknown[]) => unknown): Tree {
  return {
    leaves: parts.flatMap((part) => part.leaves),
    shape: `${kind}(${parts.map((part) => part.shape).join()})`,
    rebuild: (next) => build(parts.map((part) => part.rebuild(next))),
  };
}

export function unflattenTree({ leaves, rebuild }: Tree): unknown {
  let next = 0;
  return rebuild(() => leaves[next++]);
}
