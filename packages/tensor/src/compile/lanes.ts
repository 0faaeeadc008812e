/** @file How positions and values run along four lanes: which loads and stores are vectors, and what all lanes share. */
import type { Affine, IndexSymbol } from "./affine.ts";
import type { ExpressionList } from "./expression.ts";

/** Change per lane (null: irregular), and whether lane 0 is at a multiple of 4. */
interface Walk {
  readonly step: number | null;
  readonly aligned: boolean;
}

const resting: Walk = { step: 0, aligned: false };
const irregular: Walk = { step: null, aligned: false };

/** Four consecutive positions of `axis`, the first a multiple of 4; null for one lane. */
export class Lanes {
  readonly expressions: ExpressionList;
  readonly axis: number | null;
  readonly #uniform = new Map<number, boolean>();

  constructor(expressions: ExpressionList, axis: number | null) {
    this.expressions = expressions;
    this.axis = axis;
  }

  /** True where the four lanes are four consecutive elements, the first at a multiple of 4. */
  isVector(affine: Affine): boolean {
    const { step, aligned } = this.#walk(affine);
    return this.axis !== null && step === 1 && aligned;
  }

  /** True where neighbouring lanes are neighbouring elements, whatever their alignment. */
  isConsecutive(affine: Affine): boolean {
    return this.axis !== null && this.#walk(affine).step === 1;
  }

  /** True where all lanes are at one position. */
  isShared(affine: Affine): boolean {
    return this.axis === null || this.#walk(affine).step === 0;
  }

  #walk(affine: Affine): Walk {
    let step: number | null = 0;
    let aligned = affine.constant % 4 === 0;
    for (const { symbol, factor } of affine.terms) {
      const walk = this.#symbol(symbol);
      step = step === null || walk.step === null ? null : step + walk.step * factor;
      aligned &&= walk.aligned || factor % 4 === 0;
    }
    return { step, aligned };
  }

  #symbol(symbol: IndexSymbol): Walk {
    if (symbol.kind === "axis") return symbol.axis === this.axis ? { step: 1, aligned: true } : resting;
    if (symbol.kind === "value") return this.#isUniform(symbol.value) ? resting : irregular;
    if (symbol.kind === "turn") return resting;
    const of = this.#walk(symbol.of);
    const staysInBlock = of.step === 1 && of.aligned && symbol.by % 4 === 0;
    if (symbol.kind === "div") return of.step === 0 || staysInBlock ? resting : irregular;
    if (of.step === 0) return { step: 0, aligned: of.aligned && symbol.by % 4 === 0 };
    return staysInBlock ? of : irregular;
  }

  /** True where all lanes have one value. Stages and accumulators are not looked into. */
  #isUniform(id: number): boolean {
    let known = this.#uniform.get(id);
    if (known === undefined) {
      const { op, args, affine } = this.expressions.at(id);
      known =
        op !== "stage" &&
        op !== "acc" &&
        (!affine || this.isShared(affine)) &&
        args.every((arg) => this.#isUniform(arg));
      this.#uniform.set(id, known);
    }
    return known;
  }
}
