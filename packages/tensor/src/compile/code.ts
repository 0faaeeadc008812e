/** @file Draft expressions to kernel code: index arithmetic becomes instructions over params, loads and stores get bindings. */
import type { Body, Instr, Store } from "@tenrec/kernels";
import type { Dtype, Node } from "../graph/node.ts";
import { Affine, addAffine, constantAffine, type IndexSymbol } from "./affine.ts";
import type { Access, Use } from "./bindings.ts";
import type { DraftStore, Expression, ExpressionList } from "./expression.ts";
import type { Lanes } from "./lanes.ts";

/** Param words of one call, shared by all its bodies. */
export class ParamTable {
  readonly words: number[] = [];
  readonly scalars: { word: number; scalar: number }[] = [];

  add(value: number, dtype: Dtype): number {
    return this.words.push(wordOf(value, dtype)) - 1;
  }
  addScalar(scalar: number): number {
    const word = this.add(0, "uint32");
    this.scalars.push({ word, scalar });
    return word;
  }
  toWords(): Uint32Array {
    return Uint32Array.from(this.words);
  }
}

const scratch = new DataView(new ArrayBuffer(4));

/** The 32 bits of a number in a dtype. */
export function wordOf(value: number, dtype: Dtype): number {
  if (dtype === "float32") scratch.setFloat32(0, value);
  else if (dtype === "int32") scratch.setInt32(0, value);
  else scratch.setUint32(0, Number(value) >>> 0);
  return scratch.getUint32(0);
}

/** The memory uses of a body, before bindings exist. */
export function usesOf(lanes: Lanes, roots: readonly number[], stores: readonly DraftStore[]): Use[] {
  const { expressions } = lanes;
  const loads = expressions.reachable(rootsOf(roots, stores)).flatMap((id): Use[] => {
    const { op, node, affine } = expressions.at(id);
    return op === "load"
      ? [{ node: node as Node, mode: "read", vector: lanes.isVector(affine as Affine) }]
      : [];
  });
  const writes = stores.map(
    ({ op, node, affine }): Use => ({
      node,
      mode: op === "or" ? "or" : "write",
      vector: op === "set" && lanes.isVector(affine),
    }),
  );
  return [...loads, ...writes];
}

function rootsOf(values: readonly number[], stores: readonly DraftStore[]): number[] {
  const indices = stores.flatMap(({ affine }) =>
    affine.terms.flatMap(({ symbol }) => (symbol.kind === "value" ? [symbol.value] : [])),
  );
  return [...values, ...stores.map((store) => store.value), ...indices];
}

/** Writes one body of a kernel. */
export class CodeWriter {
  readonly code: Instr[] = [];
  readonly #instrOf = new Map<number, number>();
  readonly #indexOf = new Map<string, number>();
  readonly #lanes: Lanes;
  readonly #expressions: ExpressionList;
  readonly #params: ParamTable;
  readonly #access: (node: Node) => Access;
  readonly #scalarOf: (node: Node) => number;

  constructor(
    lanes: Lanes,
    params: ParamTable,
    access: (node: Node) => Access,
    scalarOf: (node: Node) => number,
  ) {
    this.#lanes = lanes;
    this.#expressions = lanes.expressions;
    this.#params = params;
    this.#access = access;
    this.#scalarOf = scalarOf;
  }

  /** Emits everything the values and stores need, in order; returns nothing: ask `idOf` and `storesOf`. */
  write(values: readonly number[], stores: readonly DraftStore[]): void {
    for (const id of this.#expressions.reachable(rootsOf(values, stores))) {
      this.#instrOf.set(id, this.#expression(this.#expressions.at(id)));
    }
  }

  idOf(expression: number): number {
    return this.#instrOf.get(expression) as number;
  }

  storesOf(stores: readonly DraftStore[]): Store[] {
    return stores.map(({ op, node, affine, value, level }) => {
      const access = this.#access(node);
      return {
        op,
        binding: access.binding,
        index: this.#index(addAffine(affine, constantAffine(access.offset))),
        value: this.idOf(value),
        ...(access.vector ? { access: "vector" as const } : {}),
        level,
      };
    });
  }

  body(stores: readonly DraftStore[]): Body {
    const written = this.storesOf(stores);
    return { code: this.code, stores: written };
  }

  #push(instr: Instr): number {
    return this.code.push(instr) - 1;
  }

  #param(value: number, dtype: Dtype): number {
    return this.#push({ op: "param", dtype, args: [], value: this.#params.add(value, dtype) });
  }

  #expression({ op, dtype, args, value, affine, node }: Expression): number {
    if (op === "number") return this.#param(value as number, dtype);
    if (op === "scalar") {
      const word = this.#params.addScalar(this.#scalarOf(node as Node));
      return this.#push({ op: "param", dtype, args: [], value: word });
    }
    if (op === "index") return this.#index(affine as Affine);
    if (op === "load") return this.#load(node as Node, affine as Affine, dtype);
    const ids = args.map((arg) => this.idOf(arg));
    return this.#push({ op, dtype, args: ids, ...(value === undefined ? {} : { value }) });
  }

  #load(node: Node, affine: Affine, dtype: Dtype): number {
    const { binding, offset, vector } = this.#access(node);
    const index = this.#index(addAffine(affine, constantAffine(offset)));
    return this.#push({
      op: "load",
      dtype,
      args: [index],
      value: binding,
      ...(vector ? { access: "vector" as const } : {}),
    });
  }

  /** The int32 instruction of a position. Factors and constants are params; 0 and 1 are structure. */
  #index(affine: Affine): number {
    const known = this.#indexOf.get(affine.key);
    if (known !== undefined) return known;
    let sum: number | null = null;
    for (const { symbol, factor } of affine.terms) {
      const term = this.#scaled(this.#symbol(symbol), factor);
      sum = sum === null ? term : this.#push({ op: "add", dtype: "int32", args: [sum, term] });
    }
    const id = this.#plusConstant(sum, affine.constant);
    this.#indexOf.set(affine.key, id);
    return id;
  }

  #scaled(id: number, factor: number): number {
    return factor === 1
      ? id
      : this.#push({ op: "mul", dtype: "int32", args: [id, this.#param(factor, "int32")] });
  }

  #plusConstant(sum: number | null, constant: number): number {
    if (sum === null) {
      return constant === 0
        ? this.#push({ op: "const", dtype: "int32", args: [], value: 0 })
        : this.#param(constant, "int32");
    }
    return constant === 0
      ? sum
      : this.#push({ op: "add", dtype: "int32", args: [sum, this.#param(constant, "int32")] });
  }

  #symbol(symbol: IndexSymbol): number {
    if (symbol.kind === "axis")
      return this.#push({ op: "axis", dtype: "int32", args: [], value: symbol.axis });
    if (symbol.kind === "value") return this.#castIndex(this.idOf(symbol.value));
    if (symbol.kind === "turn")
      return this.#push({
        op: "param",
        dtype: "int32",
        args: [],
        value: this.#params.addScalar(symbol.scalar),
      });
    const args = [this.#index(symbol.of), this.#param(symbol.by, "int32")];
    if (symbol.kind === "mod") return this.#push({ op: "irem", dtype: "int32", args });
    const shared = this.#lanes.axis !== null && this.#lanes.isShared(new Affine([{ symbol, factor: 1 }], 0));
    return this.#push({ op: "idiv", dtype: "int32", args, ...(shared ? { uniform: true } : {}) });
  }

  #castIndex(id: number): number {
    const { dtype } = this.code[id] as Instr;
    return dtype === "int32" ? id : this.#push({ op: "cast", dtype: "int32", args: [id] });
  }
}
