/** @file Compiles scalar code with its stages and stores into the loops of a WebAssembly function. */
import type { Dtype } from "../../ir/kernel.ts";
import type { Affine } from "../affine.ts";
import type { BodySpec, BodyStore } from "../bodySpec.ts";
import type { MemoryRange } from "../memory.ts";
import { findNeeds, type Needs } from "../needs.ts";
import type { Nest } from "../nest.ts";
import type { FunctionBuilder, Local, Value } from "./assembler.ts";
import { compute } from "./compute.ts";
import { BodyContext, type Frame, stageKey } from "./context.ts";
import { add, int, min, mul } from "./integers.ts";
import { findKept, type Kept } from "./kept.ts";
import { type Access, accessOf, pointerOf, storeIndexed } from "./places.ts";
import type { Accumulator } from "./reductions/accumulator.ts";
import { makeAccumulator } from "./reductions/make.ts";
import { Unsupported } from "./unsupported.ts";
import { isOfRow, pushAxis, reciprocalOf, stepValue } from "./values.ts";
import { vectorsOfTurn } from "./vectorsOfTurn.ts";

/** Depths: 0 the function, 1 its rows, 2 lanes that are rows, then the inner axes, the last of them in lanes if they lie inside. */
const rowLevel = 1;
const laneLevel = 2;
const innerLevel = 3;

/** Turns of an inner loop whose sums may wait in float32: more would show. */
const fewTurns = 8;

/** A load or store with the depth of the loop that it stands in. */
type PlacedAccess = Access & { readonly level: number };

export class BodyEmitter {
  readonly #context: BodyContext;
  readonly #needs: Needs;
  readonly #kept: Kept | null;
  readonly #phases: number;
  readonly #levels = new Map<number, number>();
  readonly #inner: readonly number[];
  readonly #stageLevel: number;
  /** By phase, once they were looked for. */
  readonly #accesses: PlacedAccess[][] = [];

  /**
   * `nest.block` is the lane axis (at most one), `nest.outer` the rows, `nest.sequential` the inner axes that are not in lanes; `inner` all inner
   * axes, outer to inner, by which argmax numbers its elements.
   */
  constructor(f: FunctionBuilder, spec: BodySpec, nest: Nest, frame: Frame, inner: readonly number[] = []) {
    const context = new BodyContext(f, spec, nest, frame);
    const { facts, laneAxis } = context;
    this.#context = context;
    this.#inner = inner;
    this.#phases = spec.stages.length === 0 ? 1 : Math.max(...facts.stagePhases) + 2;
    const needs = findNeeds(spec, facts, this.#phases);
    this.#kept = findKept(context, needs);
    this.#needs = this.#kept ? findNeeds(spec, facts, this.#phases, new Set([this.#kept.id])) : needs;
    if (this.#kept) context.kept.set(this.#kept.id, this.#kept.store);
    for (const axis of nest.outer) this.#levels.set(axis, rowLevel);
    nest.sequential.forEach((axis, i) => this.#levels.set(axis, innerLevel + i));
    const last = nest.lanesInside ? innerLevel + nest.sequential.length : laneLevel;
    if (laneAxis >= 0) this.#levels.set(laneAxis, last);
    this.#stageLevel = nest.lanesInside || laneAxis < 0 ? rowLevel : laneLevel;
  }

  /** What is the same for all rows. */
  emitStart(): void {
    this.#setup(0, 0);
  }

  /** One row: `axis` gives the index of each row axis; `lanes` a part of the lanes that are rows, between multiples of sixteen or up to the last. */
  emitRow(axis: (axis: number) => Value, lanes: readonly [from: Value, to: Value] | null = null): void {
    const context = this.#context;
    for (const outer of context.nest.outer) context.at.axes.set(outer, axis(outer));
    context.scoped(() => {
      this.#setup(rowLevel, 0);
      if (this.#stageLevel === laneLevel) this.#lanes(() => this.#emitPhases(), lanes);
      else this.#emitPhases();
    });
  }

  #emitPhases(): void {
    const context = this.#context;
    if (this.#stageLevel === laneLevel) this.#setup(laneLevel, 0);
    for (let phase = 0; phase < this.#phases; phase++) {
      if (phase > 0) this.#setup(this.#stageLevel, phase);
      this.#emitPhase(phase);
    }
    const outside = context.spec.stores.filter(({ level }) => level === "row" || !this.#hasInner);
    context.forCopies((copy) => this.#store(outside, copy));
  }

  get #hasInner(): boolean {
    const { lanesInside, sequential } = this.#context.nest;
    return lanesInside || sequential.length > 0;
  }

  #store(stores: readonly BodyStore[], copy: number): void {
    const context = this.#context;
    for (const store of stores) if (copy === 0 || this.#varies(store)) storeIndexed(context, store);
  }

  /** The vectors of the lanes store different things, or at different places. */
  #varies({ value, index }: BodyStore): boolean {
    const { laneAxis } = this.#context;
    const place = typeof index === "number" ? this.#context.isVarying(index) : index.axes.has(laneAxis);
    return place || this.#context.isVarying(value);
  }

  /** One pass over the inner axes: the reductions of a phase, or the stores of the last. */
  #emitPhase(phase: number): void {
    const context = this.#context;
    const { stages, stores } = context.spec;
    const own = stages.flatMap((_, s) => (context.facts.stagePhases[s] === phase ? [s] : []));
    const isLast = phase === this.#phases - 1 && this.#hasInner;
    const full = isLast ? stores.filter(({ level }) => level === "full") : [];
    if (own.length === 0 && full.length === 0) return;
    const accumulators = own.map((s) => this.#accumulators(s));
    const turn = (): void =>
      context.forCopies((copy) => {
        own.forEach((s, i) => {
          const value = stepValue(context, stages[s]!.value);
          (accumulators[i]![copy] ?? accumulators[i]![0]!).add(value, context.at);
        });
        if (this.#kept?.phase === phase) storeIndexed(context, { ...this.#kept.store, value: this.#kept.id });
        this.#store(full, copy);
      });
    const settling = accumulators.flat().filter(({ settle }) => settle);
    const settle = (): void => {
      for (const accumulator of settling) accumulator.settle!(context.at);
    };
    this.#emitInner(phase, 0, turn, settling.length > 0 ? settle : null);
    own.forEach((s, i) => {
      const results = accumulators[i]!.map((accumulator) => context.f.let(() => accumulator.push()));
      context.scope.values.set(stageKey(s), results);
    });
  }

  /** Of a stage: one where lanes lie inside, else one for each vector of lanes. */
  #accumulators(s: number): Accumulator[] {
    const { f, nest, spec, at } = this.#context;
    const stage = spec.stages[s]!;
    const { dtype } = spec.code[stage.value]!;
    if (dtype === "bool" && (stage.op === "sum" || stage.op === "prod")) throw new Unsupported(stage.op);
    const position: Value = () => this.#pushPosition();
    const make = (): Accumulator =>
      makeAccumulator(f, stage, dtype, nest.lanesInside, position, nest.lanesInside ? this.#copies : 1);
    const made = Array.from({ length: at.copies }, make);
    for (const accumulator of made) accumulator.reset();
    return made;
  }

  /** Sequential axis `depth` and those inside, then the lanes if they are there. Innermost turns are followed by `settle`, a few at a time. */
  #emitInner(phase: number, depth: number, body: () => void, settle: (() => void) | null): void {
    const context = this.#context;
    const { sequential, extents, lanesInside } = context.nest;
    const axis = sequential[depth];
    const level = innerLevel + depth;
    if (axis === undefined) {
      if (!lanesInside) body();
      else
        this.#lanes(() => {
          this.#setup(level, phase);
          body();
        });
      return;
    }
    const counter = context.f.local("i32");
    context.at.axes.set(axis, counter.get);
    const turn = (): void =>
      context.scoped(() => {
        this.#setup(level, phase);
        this.#emitInner(phase, depth + 1, body, settle);
      });
    if (settle && depth === sequential.length - 1) this.#loopInParts(counter, extents[axis]!, turn, settle);
    else context.f.loop(counter, int(0), int(extents[axis]!), 1, turn);
    context.at.axes.delete(axis);
  }

  #loopInParts(counter: Local, extent: number, turn: () => void, settle: () => void): void {
    const { f } = this.#context;
    const loop = (from: Value, to: Value): void => {
      f.loop(counter, from, to, 1, turn);
      settle();
    };
    if (extent <= fewTurns) {
      loop(int(0), int(extent));
      return;
    }
    const first = f.local("i32");
    f.loop(first, int(0), int(extent), fewTurns, () => {
      loop(first.get, f.keep("i32", min(add(first.get, int(fewTurns)), int(extent))).get);
    });
  }

  /** Lanes that are computed together: no part of a row may cut them. */
  get lanesOfTurn(): number {
    return 4 * this.#copies;
  }

  /** Vectors that a turn of the lane loop computes. */
  get #copies(): number {
    const { nest, laneAxis } = this.#context;
    const steps = this.#needs.inner.reduce((sum, { size }) => sum + size, this.#needs.outer.size);
    return vectorsOfTurn(nest, nest.extents[laneAxis]!, steps);
  }

  /** Runs over the lane axis by a few vectors, then by one, then over the rest one by one. */
  #lanes(body: () => void, part: readonly [from: Value, to: Value] | null = null): void {
    const { f, at, nest, laneAxis } = this.#context;
    const extent = nest.extents[laneAxis]!;
    const copies = this.#copies;
    const [most, whole] = [extent - (extent % (4 * copies)), extent - (extent % 4)];
    const before = { ...at };
    at.lane = f.local("i32");
    for (const [width, vectors, from, to] of [
      [4, copies, 0, most],
      [4, 1, most, whole],
      [1, 1, whole, extent],
    ] as const) {
      Object.assign(at, { width, copies: vectors });
      const turn = (): void => this.#context.scoped(body);
      if (to === from) continue;
      const start = part && from === 0 ? f.keep("i32", mul(part[0], int(4))).get : int(from * 4);
      const end = part ? f.keep("i32", min(mul(part[1], int(4)), int(to * 4))).get : int(to * 4);
      f.loop(at.lane, start, end, width * vectors * 4, turn);
    }
    Object.assign(at, before);
  }

  /** Depth of the loop in which a step is computed. */
  #levelOf(id: number): number {
    const { facts } = this.#context;
    let level = facts.ready[id]! > 0 ? this.#stageLevel : 0;
    for (const [axis, own] of this.#levels) if (facts.masks[id]! & (1 << axis)) level = Math.max(level, own);
    return level;
  }

  /** Computes what a phase needs at a depth: values, then where deeper accesses start. */
  #setup(level: number, phase: number): void {
    const isLast = phase === this.#phases - 1;
    const wanted = this.#neededIn(phase).filter((id) => this.#levelOf(id) === level);
    for (const id of wanted.sort((a, b) => a - b)) compute(this.#context, id, isLast);
    if (level === this.#stageLevel) this.#prepareQuotients(phase);
    this.#accesses[phase] ??= this.#findAccesses(phase);
    for (const access of this.#accesses[phase]) if (access.level > level) pointerOf(this.#context, access);
  }

  /** Divisors that are the same for a whole row: one division instead of many. */
  #prepareQuotients(phase: number): void {
    const { code } = this.#context.spec;
    for (const id of this.#needs.inner[phase]!) {
      const { op, dtype, args } = code[id]!;
      if (
        op === "div" &&
        dtype === "float32" &&
        isOfRow(this.#context, args[1]!) &&
        this.#context.isKnown(args[1]!)
      )
        reciprocalOf(this.#context, args[1]!);
    }
  }

  #neededIn(phase: number): number[] {
    const { outer, inner } = this.#needs;
    const ready = [...outer].filter((id) => this.#context.facts.ready[id] === phase);
    return [...ready, ...inner[phase]!];
  }

  /** The affine accesses of a phase. */
  #findAccesses(phase: number): PlacedAccess[] {
    const { code, bindings, stores } = this.#context.spec;
    const placed = (range: MemoryRange, index: number | Affine, dtype: Dtype, level: number) => {
      const access = accessOf(this.#context, range, index, dtype);
      return access ? [{ ...access, level }] : [];
    };
    const loads = this.#neededIn(phase).flatMap((id) => {
      const { op, args, value = 0, dtype } = code[id]!;
      return op === "load" ? placed(bindings[value]!, args[0]!, dtype, this.#levelOf(id)) : [];
    });
    if (phase < this.#phases - 1) return loads;
    const inner = innerLevel + this.#context.nest.sequential.length + 1;
    const writes = stores.flatMap(({ range, index, level }) =>
      placed(range, index, "float32", level === "full" && this.#hasInner ? inner : this.#stageLevel),
    );
    return [...loads, ...writes];
  }

  /** Pushes the linear index over the inner axes in each lane. */
  #pushPosition(): void {
    const { f, nest } = this.#context;
    f.v128([0, 0, 0, 0], true);
    this.#inner.forEach((axis, i) => {
      const below = this.#inner.slice(i + 1).reduce((size, other) => size * nest.extents[other]!, 1);
      pushAxis(this.#context, axis);
      f.v128([below, below, below, below], true);
      f.simd("i32x4.mul");
      f.simd("i32x4.add");
    });
  }
}
