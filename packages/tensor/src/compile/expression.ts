/** @file The scalar expressions of one kernel while it is being built: a hash-consed DAG whose leaves are loads of graph values. */
import type { ReduceOp } from "@tenrec/kernels";
import type { Dtype, Node } from "../graph/node.ts";
import type { Affine } from "./affine.ts";

/**
 * One scalar. Sources: `const` (literal), `number` (a param word, never shared by value), `scalar` (run-time scalar `value`),
 * `index` (the position `affine`), `load` (element `affine` of graph value `node`), `stage`, `acc`. Else a row of scalarOps.
 */
export interface Expression {
  readonly op: string;
  readonly dtype: Dtype;
  readonly args: readonly number[];
  readonly value?: number;
  readonly affine?: Affine;
  readonly node?: Node;
}

export interface DraftStage {
  readonly op: ReduceOp;
  readonly value: number;
  readonly dtype: Dtype;
}

/** A store of `value` at element `affine` of graph value `node`; `or` raises a flag word. */
export interface DraftStore {
  readonly op: "set" | "or";
  readonly node: Node;
  readonly affine: Affine;
  readonly value: number;
  readonly level: "row" | "full";
}

/** Expressions in order of creation, so that arguments always come first. */
export class ExpressionList {
  readonly list: Expression[] = [];
  readonly #known = new Map<string, number>();

  add(expression: Expression): number {
    const { op, dtype, args, value, affine, node } = expression;
    const unique = op === "number" ? `#${this.list.length}` : "";
    const key = `${op}:${dtype}:${args.join()}:${value ?? ""}:${affine?.key ?? ""}:${node?.id ?? ""}${unique}`;
    const existing = this.#known.get(key);
    if (existing !== undefined) return existing;
    this.#known.set(key, this.list.push(expression) - 1);
    return this.list.length - 1;
  }

  at(id: number): Expression {
    return this.list[id] as Expression;
  }

  /** Ids reachable from `roots`, ascending. Positions that hold computed values count as arguments. */
  reachable(roots: readonly number[]): number[] {
    const seen = new Set<number>();
    const stack = [...roots];
    for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
      if (seen.has(id)) continue;
      seen.add(id);
      const { args, affine } = this.at(id);
      stack.push(...args, ...(affine ? affineValues(affine) : []));
    }
    return [...seen].sort((a, b) => a - b);
  }
}

/** Ids of the computed values that a position depends on. */
export function affineValues(affine: Affine): number[] {
  return affine.terms.flatMap(({ symbol }) => {
    if (symbol.kind === "value") return [symbol.value];
    return "of" in symbol ? affineValues(symbol.of) : [];
  });
}
