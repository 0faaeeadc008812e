/** @file Index arithmetic: positions as sums of coefficient * symbol, simplified so that views of views stay plain strides. */
import { internal } from "../graph/errors.ts";
import type { IndexTerm } from "../graph/node.ts";

/** What an affine position varies with: a loop axis, a computed value, the iteration of a repeat around the kernel, or a quotient or remainder that did not simplify. */
export type IndexSymbol =
  | { readonly kind: "axis"; readonly key: string; readonly axis: number; readonly extent: number }
  | { readonly kind: "value"; readonly key: string; readonly value: number }
  | { readonly kind: "turn"; readonly key: string; readonly scalar: number; readonly count: number }
  | { readonly kind: "div" | "mod"; readonly key: string; readonly of: Affine; readonly by: number };

interface Term {
  readonly symbol: IndexSymbol;
  readonly factor: number;
}

/** constant + sum of factor * symbol. Immutable; `key` is its identity. */
export class Affine implements IndexTerm {
  declare readonly __index: true;
  readonly terms: readonly Term[];
  readonly constant: number;
  readonly key: string;

  constructor(terms: readonly Term[], constant: number) {
    this.terms = terms;
    this.constant = constant;
    this.key = `${terms.map((t) => `${t.factor}*${t.symbol.key}`).join("+")}+${constant}`;
  }

  factorOf(axis: number): number {
    return this.terms.find((t) => t.symbol.kind === "axis" && t.symbol.axis === axis)?.factor ?? 0;
  }
}

export const constantAffine = (value: number): Affine => new Affine([], value);

export function axisAffine(axis: number, extent: number): Affine {
  return new Affine([{ symbol: { kind: "axis", key: `a${axis}`, axis, extent }, factor: 1 }], 0);
}

export function valueAffine(value: number): Affine {
  return new Affine([{ symbol: { kind: "value", key: `v${value}`, value }, factor: 1 }], 0);
}

/** The number of the present iteration of `count`: run-time scalar `scalar`. */
export function turnAffine(scalar: number, count: number): Affine {
  if (count === 1) return constantAffine(0);
  return new Affine([{ symbol: { kind: "turn", key: `t${scalar}`, scalar, count }, factor: 1 }], 0);
}

export function scaleAffine(a: Affine, factor: number): Affine {
  if (factor === 1) return a;
  if (factor === 0) return constantAffine(0);
  return new Affine(
    a.terms.map((t) => ({ symbol: t.symbol, factor: t.factor * factor })),
    a.constant * factor,
  );
}

/** Sum with like terms collected, (x / n) * n + x % n folded back to x, terms in key order. */
export function addAffine(a: Affine, b: Affine): Affine {
  const factors = new Map<string, { symbol: IndexSymbol; factor: number }>();
  for (const { symbol, factor } of [...a.terms, ...b.terms]) {
    const known = factors.get(symbol.key);
    factors.set(symbol.key, { symbol, factor: (known?.factor ?? 0) + factor });
  }
  const sum = build(factors, a.constant + b.constant);
  return recombine(sum);
}

function build(factors: Map<string, Term>, constant: number): Affine {
  const terms = [...factors.values()].filter((t) => t.factor !== 0);
  terms.sort((x, y) => (x.symbol.key < y.symbol.key ? -1 : 1));
  return new Affine(terms, constant);
}

function recombine(a: Affine): Affine {
  for (const term of a.terms) {
    const { symbol } = term;
    if (symbol.kind !== "div") continue;
    const rest = a.terms.find(
      (t) => t.symbol.kind === "mod" && t.symbol.by === symbol.by && t.symbol.of.key === symbol.of.key,
    );
    if (!rest || rest.factor * symbol.by !== term.factor) continue;
    const others = new Affine(
      a.terms.filter((t) => t !== term && t !== rest),
      a.constant,
    );
    return addAffine(others, scaleAffine(symbol.of, rest.factor));
  }
  return a;
}

/** Largest value, Infinity where unknown. Positions are never negative where this is asked. */
function upperBound(a: Affine): number {
  let bound = a.constant;
  for (const { symbol, factor } of a.terms) {
    if (factor < 0) return Number.POSITIVE_INFINITY;
    bound += factor * symbolBound(symbol);
  }
  return bound;
}

function symbolBound(symbol: IndexSymbol): number {
  if (symbol.kind === "axis") return symbol.extent - 1;
  if (symbol.kind === "turn") return symbol.count - 1;
  if (symbol.kind === "mod") return symbol.by - 1;
  if (symbol.kind === "div") return Math.floor(upperBound(symbol.of) / symbol.by);
  return Number.POSITIVE_INFINITY;
}

/** a = whole * by + rest where rest is known to lie in [0, by), or null. */
function splitBy(a: Affine, by: number): { whole: Affine; rest: Affine } | null {
  const isWhole = (factor: number) => factor % by === 0;
  const restTerms = a.terms.filter((t) => !isWhole(t.factor));
  const rest = new Affine(restTerms, ((a.constant % by) + by) % by);
  const minimum = restTerms.every((t) => t.factor > 0 && t.symbol.kind !== "value");
  if (!minimum || upperBound(rest) >= by) return null;
  const whole = new Affine(
    a.terms.filter((t) => isWhole(t.factor)).map((t) => ({ symbol: t.symbol, factor: t.factor / by })),
    (a.constant - rest.constant) / by,
  );
  return { whole, rest };
}

export function divAffine(a: Affine, by: number): Affine {
  if (by === 1) return a;
  return splitBy(a, by)?.whole ?? quotient("div", a, by);
}

export function modAffine(a: Affine, by: number): Affine {
  if (by === 1) return constantAffine(0);
  return splitBy(a, by)?.rest ?? quotient("mod", a, by);
}

function quotient(kind: "div" | "mod", of: Affine, by: number): Affine {
  if (by <= 0) throw internal(`index ${kind} by ${by}`);
  return new Affine([{ symbol: { kind, key: `${kind}(${of.key},${by})`, of, by }, factor: 1 }], 0);
}

/** Replaces axes and computed values, inside quotients too. */
export interface SymbolMap {
  axis(axis: number): Affine;
  value(id: number): number;
}

export function mapAffine(a: Affine, map: SymbolMap): Affine {
  let out = constantAffine(a.constant);
  for (const { symbol, factor } of a.terms) {
    out = addAffine(out, scaleAffine(mapSymbol(symbol, map), factor));
  }
  return out;
}

function mapSymbol(symbol: IndexSymbol, map: SymbolMap): Affine {
  if (symbol.kind === "axis") return map.axis(symbol.axis);
  if (symbol.kind === "value") return valueAffine(map.value(symbol.value));
  if (symbol.kind === "turn") return turnAffine(symbol.scalar, symbol.count);
  const of = mapAffine(symbol.of, map);
  return symbol.kind === "div" ? divAffine(of, symbol.by) : modAffine(of, symbol.by);
}

/** Row-major element position of an index in an array of these strides. */
export function flatten(index: readonly Affine[], strides: readonly number[]): Affine {
  return index.reduce(
    (sum, term, i) => addAffine(sum, scaleAffine(term, strides[i] as number)),
    constantAffine(0),
  );
}
