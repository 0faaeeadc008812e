/** @file Affine form of int32 index code: constant + sum of coefficient * axis + sum of coefficient * opaque step. */
import type { Instr } from "../ir/kernel.ts";

export interface Affine {
  readonly constant: number;
  /** Coefficients by loop axis. */
  readonly axes: ReadonlyMap<number, number>;
  /** Coefficients by id of steps that are not affine themselves. */
  readonly terms: ReadonlyMap<number, number>;
}

type Coefficients = ReadonlyMap<number, number>;
const empty: Coefficients = /* @__PURE__ */ new Map();

export function constantAffine(constant: number): Affine {
  return { constant, axes: empty, terms: empty };
}

/** sum of coefficients[i] * axis[i]. */
export function axesAffine(
  coefficients: readonly (readonly [axis: number, coefficient: number])[],
  constant = 0,
): Affine {
  return { constant, axes: new Map(coefficients), terms: empty };
}

/** Reads params at build time, except those that a run fills in. */
export interface Params {
  readonly words: Uint32Array;
  readonly patched: ReadonlySet<number>;
}

/** The affine form of every int32 step (null for steps of other dtypes). */
export function affineForms(code: readonly Instr[], params: Params): (Affine | null)[] {
  const forms: (Affine | null)[] = [];
  code.forEach((instr, id) => {
    forms.push(instr.dtype === "int32" ? (formOf(instr, forms, params) ?? opaque(id)) : null);
  });
  return forms;
}

function opaque(id: number): Affine {
  return { constant: 0, axes: empty, terms: new Map([[id, 1]]) };
}

function formOf(instr: Instr, forms: readonly (Affine | null)[], { words, patched }: Params): Affine | null {
  const value = instr.value ?? 0;
  if (instr.op === "const") return constantAffine(value);
  if (instr.op === "param") return patched.has(value) ? null : constantAffine(words[value]! | 0);
  if (instr.op === "axis") return { constant: 0, axes: new Map([[value, 1]]), terms: empty };
  const [x, y] = instr.args.map((arg) => forms[arg] ?? null);
  if (!x) return null;
  if (instr.op === "neg") return combine(x, -1, null, 0);
  if (!y) return null;
  if (instr.op === "add") return combine(x, 1, y, 1);
  if (instr.op === "sub") return combine(x, 1, y, -1);
  if (instr.op !== "mul") return null;
  if (isConstant(y)) return combine(x, y.constant, null, 0);
  return isConstant(x) ? combine(y, x.constant, null, 0) : null;
}

function isConstant(form: Affine): boolean {
  return form.axes.size === 0 && form.terms.size === 0;
}

/** x * p + y * q. */
function combine(x: Affine, p: number, y: Affine | null, q: number): Affine {
  return {
    constant: x.constant * p + (y ? y.constant * q : 0),
    axes: combineMaps(x.axes, p, y?.axes ?? empty, q),
    terms: combineMaps(x.terms, p, y?.terms ?? empty, q),
  };
}

function combineMaps(x: Coefficients, p: number, y: Coefficients, q: number): Coefficients {
  const sum = new Map<number, number>();
  for (const [key, value] of x) sum.set(key, value * p);
  for (const [key, value] of y) sum.set(key, (sum.get(key) ?? 0) + value * q);
  for (const [key, value] of sum) if (value === 0) sum.delete(key);
  return sum;
}

/** Smallest and largest value over the axes, or null where opaque steps take part. */
export function rangeOf(form: Affine, extents: readonly number[]): readonly [number, number] | null {
  if (form.terms.size > 0) return null;
  let low = form.constant;
  let high = form.constant;
  for (const [axis, coefficient] of form.axes) {
    const reach = coefficient * (extents[axis]! - 1);
    if (reach < 0) low += reach;
    else high += reach;
  }
  return [low, high];
}
