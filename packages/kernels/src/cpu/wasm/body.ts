/** @file Compiles scalar code with its stages and stores into the loops of a WebAssembly function. */
import { internal } from "../../device/errors.ts";
import type { Dtype } from "../../ir/kernel.ts";
import type { ScalarOpName } from "../../ir/scalarOps.ts";
import { type Affine, rangeOf } from "../affine.ts";
import { type Analysis, analyse, formOf } from "../analysis.ts";
import type { BodySpec, BodyStore } from "../bodySpec.ts";
import type { MemoryRange } from "../memory.ts";
import { findNeeds, type Needs } from "../needs.ts";
import type { Nest } from "../nest.ts";
import {
  gather,
  loadLanes,
  loadSplat,
  type Place,
  scatter,
  storeAt,
  storeLanes,
  storeOne,
} from "./access.ts";
import { type Accumulator, makeAccumulator } from "./accumulator.ts";
import type { FunctionBuilder, Local, Value } from "./assembler.ts";
import { int } from "./integers.ts";
import { constant, lower, registerOf } from "./scalar.ts";
import { Unsupported } from "./unsupported.ts";

/** What a function knows of the memory and params of its call. */
export interface Frame {
  /** First byte of a binding. */
  base(range: MemoryRange): Value;
  /** A param word that a run fills in, in all lanes. */
  param(word: number): Value;
  /** The same as an i32. */
  word(word: number): Value;
}

/** Values known at one depth of the loops. */
interface ValueScope {
  readonly values: Map<number, Value>;
  readonly pointers: Map<string, Pointer>;
  readonly scalars: Map<number, Value>;
}

/** An address with what it holds so far. */
interface Pointer {
  readonly value: Value;
  readonly axes: ReadonlySet<number>;
  readonly terms: ReadonlySet<number>;
}

/** A load or store at an affine place. */
interface Access {
  readonly range: MemoryRange;
  readonly form: Affine;
  readonly size: 1 | 4;
  readonly level: number;
}

/** Depths: 0 the function, 1 its rows, 2 lanes that are rows, then the inner axes, the last of them in lanes if they lie inside. */
const rowLevel = 1;
const laneLevel = 2;
const innerLevel = 3;

export class BodyEmitter {
  readonly #f: FunctionBuilder;
  readonly #spec: BodySpec;
  readonly #nest: Nest;
  readonly #frame: Frame;
  readonly #facts: Analysis;
  readonly #needs: Needs;
  readonly #phases: number;
  readonly #levels = new Map<number, number>();
  readonly #laneAxis: number;
  readonly #inner: readonly number[];
  readonly #axes = new Map<number, Value>();
  readonly #stageLevel: number;
  #scopes: ValueScope[] = [emptyScope()];
  #width: 1 | 4 = 1;
  #lane: Local | null = null;

  /**
   * `nest.block` is the lane axis (at most one), `nest.outer` the rows, `nest.sequential` the inner axes that are not in lanes; `inner` all inner
   * axes, outer to inner, by which argmax numbers its elements.
   */
  constructor(f: FunctionBuilder, spec: BodySpec, nest: Nest, frame: Frame, inner: readonly number[] = []) {
    this.#f = f;
    this.#inner = inner;
    this.#spec = spec;
    this.#nest = nest;
    this.#frame = frame;
    this.#facts = analyse(spec.code, spec.stages, spec.params, nest, spec.accumulator?.form ?? null);
    this.#phases = spec.stages.length === 0 ? 1 : Math.max(...this.#facts.stagePhases) + 2;
    this.#needs = findNeeds(spec, this.#facts, this.#phases);
    this.#laneAxis = nest.block[0] ?? -1;
    for (const axis of nest.outer) this.#levels.set(axis, rowLevel);
    nest.sequential.forEach((axis, i) => this.#levels.set(axis, innerLevel + i));
    const last = nest.lanesInside ? innerLevel + nest.sequential.length : laneLevel;
    if (this.#laneAxis >= 0) this.#levels.set(this.#laneAxis, last);
    this.#stageLevel = nest.lanesInside || this.#laneAxis < 0 ? rowLevel : laneLevel;
  }

  /** What is the same for all rows. */
  emitStart(): void {
    this.#setup(0, 0);
  }

  /** One row: `axis` gives the index of each row axis. */
  emitRow(axis: (axis: number) => Value): void {
    for (const outer of this.#nest.outer) this.#axes.set(outer, axis(outer));
    this.#scoped(() => {
      this.#setup(rowLevel, 0);
      if (this.#stageLevel === laneLevel) this.#lanes(() => this.#scoped(() => this.#emitPhases()));
      else this.#emitPhases();
    });
  }

  #emitPhases(): void {
    if (this.#stageLevel === laneLevel) this.#setup(laneLevel, 0);
    for (let phase = 0; phase < this.#phases; phase++) {
      if (phase > 0) this.#setup(this.#stageLevel, phase);
      this.#emitPhase(phase);
    }
    const inner = this.#hasInner;
    for (const store of this.#spec.stores) if (store.level === "row" || !inner) this.#store(store);
  }

  get #hasInner(): boolean {
    return this.#nest.lanesInside || this.#nest.sequential.length > 0;
  }

  #emitPhase(phase: number): void {
    const { stages, stores, code } = this.#spec;
    const own = stages.flatMap((stage, s) => (this.#facts.stagePhases[s] === phase ? [{ stage, s }] : []));
    const full =
      phase === this.#phases - 1 && this.#hasInner ? stores.filter(({ level }) => level === "full") : [];
    if (own.length === 0 && full.length === 0) return;
    const position: Value = () => this.#pushPosition();
    const accumulators = own.map(({ stage }): Accumulator => {
      const { dtype } = code[stage.value]!;
      if (dtype === "bool" && (stage.op === "sum" || stage.op === "prod")) throw new Unsupported(stage.op);
      return makeAccumulator(this.#f, stage, dtype, this.#nest.lanesInside, position);
    });
    for (const accumulator of accumulators) accumulator.reset();
    this.#emitInner(phase, 0, () => {
      own.forEach(({ stage }, i) => accumulators[i]!.add(this.#value(stage.value), this.#width));
      for (const store of full) this.#store(store);
    });
    own.forEach(({ s }, i) => {
      const result = this.#f.let(() => accumulators[i]!.push());
      this.#scopes.at(-1)!.values.set(stageKey(s), result);
    });
  }

  /** Sequential axis `depth` and those inside, then the lanes if they are there. */
  #emitInner(phase: number, depth: number, body: () => void): void {
    const { sequential, extents, lanesInside } = this.#nest;
    const axis = sequential[depth];
    const level = innerLevel + depth;
    if (axis === undefined) {
      if (!lanesInside) body();
      else
        this.#lanes(() =>
          this.#scoped(() => {
            this.#setup(level, phase);
            body();
          }),
        );
      return;
    }
    const counter = this.#f.local("i32");
    this.#axes.set(axis, counter.get);
    this.#f.loop(counter, int(0), int(extents[axis]!), 1, () =>
      this.#scoped(() => {
        this.#setup(level, phase);
        this.#emitInner(phase, depth + 1, body);
      }),
    );
    this.#axes.delete(axis);
  }

  /** Runs over the lane axis by four, then over the rest one by one; the counter counts bytes of words. */
  #lanes(body: () => void): void {
    const extent = this.#nest.extents[this.#laneAxis]!;
    const whole = extent - (extent % 4);
    const before = [this.#lane, this.#width] as const;
    this.#lane = this.#f.local("i32");
    for (const [width, from, to] of [
      [4, 0, whole],
      [1, whole, extent],
    ] as const) {
      this.#width = width;
      if (to > from) this.#f.loop(this.#lane, int(from * 4), int(to * 4), width * 4, body);
    }
    [this.#lane, this.#width] = before;
  }

  #scoped(body: () => void): void {
    this.#scopes.push(emptyScope());
    body();
    this.#scopes.pop();
  }

  /** Depth of the loop in which a step is computed. */
  #levelOf(id: number): number {
    const own = this.#levelOfAxes(axesIn(this.#facts.masks[id]!));
    return this.#facts.ready[id]! > 0 ? Math.max(own, this.#stageLevel) : own;
  }

  #levelOfAxes(axes: Iterable<number>): number {
    let level = 0;
    for (const axis of axes) level = Math.max(level, this.#levels.get(axis) ?? 0);
    return level;
  }

  /** Computes what a phase needs at a depth: values, then where deeper accesses start. */
  #setup(level: number, phase: number): void {
    const { outer, inner } = this.#needs;
    const wanted = [...outer]
      .filter((id) => this.#facts.ready[id] === phase)
      .concat([...inner[phase]!])
      .filter((id) => this.#levelOf(id) === level);
    for (const id of wanted.sort((a, b) => a - b)) this.#compute(id);
    for (const access of this.#accesses(phase)) if (access.level > level) this.#pointer(access);
  }

  /** The affine accesses of a phase. */
  #accesses(phase: number): Access[] {
    const { code, bindings, stores } = this.#spec;
    const outer = [...this.#needs.outer].filter((id) => this.#facts.ready[id] === phase);
    const loads = [...outer, ...this.#needs.inner[phase]!].flatMap((id) => {
      const { op, args, value = 0, dtype } = code[id]!;
      return op === "load"
        ? (this.#accessOf(bindings[value]!, args[0]!, dtype, this.#levelOf(id)) ?? [])
        : [];
    });
    const last = phase === this.#phases - 1;
    const level = (store: BodyStore) =>
      store.level === "full" && this.#hasInner ? Number.MAX_SAFE_INTEGER : this.#stageLevel;
    const writes = last
      ? stores.flatMap((s) => this.#accessOf(s.range, s.index, "float32", level(s)) ?? [])
      : [];
    return [...loads, ...writes];
  }

  #accessOf(binding: MemoryRange, index: number | Affine, dtype: Dtype, level: number): Access | null {
    const range = binding.seenAs(dtype);
    if (range.half) throw new Unsupported("float16");
    const form = formOf(this.#facts, index);
    return form && { range, form, size: range.packed ? 1 : 4, level };
  }

  /** The address of an access as far as it is known here: its constant, and the axes and terms of the loops so far. Lanes are left out. */
  #pointer({ range, form, size }: Access): Value {
    const key = `${keyOf(range)}:${size}:${form.constant}:${[...form.axes]}:${[...form.terms]}`;
    const known = this.#find((scope) => scope.pointers.get(key));
    const axes = [...form.axes].filter(([axis]) => this.#axes.has(axis) && !known?.axes.has(axis));
    const terms = [...form.terms].filter(([id]) => this.#known(id) && !known?.terms.has(id));
    if (known && axes.length === 0 && terms.length === 0) return known.value;
    const f = this.#f;
    const value = f.keep("i32", () => {
      if (known) known.value(f);
      else {
        this.#frame.base(range)(f);
        if (form.constant !== 0) addScaled(f, null, form.constant * size);
      }
      for (const [axis, coefficient] of axes) addScaled(f, this.#axes.get(axis)!, coefficient * size);
      for (const [id, coefficient] of terms) addScaled(f, this.#scalar(id), coefficient * size);
    }).get;
    this.#scopes.at(-1)!.pointers.set(key, {
      value,
      axes: new Set([...(known?.axes ?? []), ...axes.map(([axis]) => axis)]),
      terms: new Set([...(known?.terms ?? []), ...terms.map(([id]) => id)]),
    });
    return value;
  }

  #known(id: number): boolean {
    return this.#facts.constant[id] === true || this.#find((scope) => scope.values.get(id)) !== undefined;
  }

  #find<T>(read: (scope: ValueScope) => T | undefined): T | undefined {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const found = read(this.#scopes[i]!);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** A step that is the same in all lanes, as an i32. */
  #scalar(id: number): Value {
    const known = this.#find((scope) => scope.scalars.get(id));
    if (known) return known;
    const scalar = this.#f.keep("i32", (f) => {
      this.#value(id)(f);
      f.lane("i32x4.extract_lane", 0);
    }).get;
    this.#scopes.at(-1)!.scalars.set(id, scalar);
    return scalar;
  }

  #value(id: number): Value {
    if (this.#facts.constant[id]) return this.#constant(id);
    const value = this.#find((scope) => scope.values.get(id));
    if (!value) throw internal(`step ${id} is not computed where it is used.`);
    return value;
  }

  #constant(id: number): Value {
    const { op, dtype, value = 0, args } = this.#spec.code[id]!;
    if (op === "const") return constant(value, dtype);
    if (op === "param") return constant(this.#paramNumber(value, dtype), dtype);
    return () =>
      this.#operation(
        id,
        args.map((arg) => this.#constant(arg)),
      );
  }

  #paramNumber(word: number, dtype: Dtype): number {
    const bits = this.#spec.params.words[word]!;
    return registerOf(dtype) === "f" ? new Float32Array(Uint32Array.of(bits).buffer)[0]! : bits;
  }

  /** The number of a step, if it is one for all calls of the function. */
  #numberOf(id: number): number | undefined {
    const { op, dtype, value = 0 } = this.#spec.code[id]!;
    if (op === "const") return value;
    return op === "param" && this.#facts.constant[id] ? this.#paramNumber(value, dtype) : undefined;
  }

  #operation(id: number, args: readonly Value[]): void {
    const { op, dtype, args: ids } = this.#spec.code[id]!;
    const constants = ids.map((arg) => this.#numberOf(arg));
    const lanes = this.#isVarying(id) ? this.#width : "same";
    lower(op as ScalarOpName, dtype, this.#spec.code[ids[0]!]!.dtype, { lanes, constants })(this.#f, ...args);
  }

  #compute(id: number): void {
    const { op, args, value = 0, dtype } = this.#spec.code[id]!;
    const { values } = this.#scopes.at(-1)!;
    if (op === "stage") {
      const known = this.#find((scope) => scope.values.get(stageKey(value)));
      if (!known) throw internal(`stage ${value} is not computed where it is used.`);
      values.set(id, known);
      return;
    }
    const push: Value = () => {
      if (op === "axis") this.#pushAxis(value);
      else if (op === "param") this.#frame.param(value)(this.#f);
      else if (op === "load") this.#load(this.#spec.bindings[value]!, args[0]!, dtype);
      else if (op === "acc") this.#load(this.#spec.accumulator!.range, this.#spec.accumulator!.form, dtype);
      else
        this.#operation(
          id,
          args.map((arg) => this.#value(arg)),
        );
    };
    values.set(id, this.#f.let(push));
  }

  /** The index of an axis in each lane. */
  #pushAxis(axis: number): void {
    const f = this.#f;
    if (axis !== this.#laneAxis) {
      // Loops leave out axes of one element.
      (this.#axes.get(axis) ?? int(0))(f);
      f.simd("i32x4.splat");
      return;
    }
    this.#lane!.get(f);
    f.i32(2);
    f.plain("i32.shr_u");
    f.simd("i32x4.splat");
    f.v128([0, 1, 2, 3], true);
    f.simd("i32x4.add");
  }

  /** The linear index over the inner axes in each lane. */
  #pushPosition(): void {
    const f = this.#f;
    f.v128([0, 0, 0, 0], true);
    for (const axis of this.#inner) {
      const below = this.#inner
        .slice(this.#inner.indexOf(axis) + 1)
        .reduce((size, other) => size * this.#nest.extents[other]!, 1);
      this.#pushAxis(axis);
      f.v128([below, below, below, below], true);
      f.simd("i32x4.mul");
      f.simd("i32x4.add");
    }
  }

  #place(range: MemoryRange): Place {
    return {
      base: this.#frame.base(range),
      length: range.length,
      size: range.packed ? 1 : 4,
      signed: range.packed && range.signed,
    };
  }

  #isInside(form: Affine, range: MemoryRange): boolean {
    const reach = rangeOf(form, this.#nest.extents);
    return reach !== null && reach[0] >= 0 && reach[1] < range.length;
  }

  #load(binding: MemoryRange, index: number | Affine, dtype: Dtype): void {
    const f = this.#f;
    const range = binding.seenAs(dtype);
    const place = this.#place(range);
    const access = this.#accessOf(binding, index, dtype, 0);
    const push: Value = () => {
      if (!access) gather(f, place, this.#value(index as number), this.#width);
      else this.#loadAffine(access, place);
    };
    if (dtype !== "bool") {
      push(f);
      return;
    }
    push(f);
    f.v128([0, 0, 0, 0], true);
    f.simd("i32x4.ne");
  }

  #loadAffine(access: Access, place: Place): void {
    const f = this.#f;
    const inside = this.#isInside(access.form, access.range);
    const stride = access.form.axes.get(this.#laneAxis) ?? 0;
    const outer = this.#pointer(access);
    if (stride === 0) loadSplat(f, place, outer, inside);
    else
      loadLanes(
        f,
        place,
        { address: this.#laneAddress(outer, stride, place.size), stride, inside },
        this.#width,
      );
  }

  /** The address of the first lane. */
  #laneAddress(outer: Value, stride: number, size: 1 | 4): Local {
    return this.#f.keep("i32", (f) => {
      outer(f);
      this.#lane!.get(f);
      if (size === 1) {
        f.i32(2);
        f.plain("i32.shr_u");
      }
      if (stride !== 1) {
        f.i32(stride);
        f.plain("i32.mul");
      }
      f.plain("i32.add");
    });
  }

  #store({ op, value, index, range }: BodyStore): void {
    const f = this.#f;
    const place = this.#place(range);
    const stored = this.#inMemory(value);
    const access = this.#accessOf(range, index, "float32", 0);
    if (!access) {
      scatter(f, op, place, this.#value(index as number), stored, this.#width);
      return;
    }
    const inside = this.#isInside(access.form, range);
    const stride = access.form.axes.get(this.#laneAxis) ?? 0;
    if (!inside) this.#storeGuarded(op, access, place, stored, stride);
    else if (stride === 0) {
      const lanes = op === "or" && this.#isVarying(value) ? this.#width : 1;
      const outer = this.#pointer(access);
      for (let lane = 0; lane < lanes; lane++) storeOne(f, op, outer, stored, lane);
    } else {
      const address = this.#laneAddress(this.#pointer(access), stride, 4);
      storeLanes(f, op, { address, stride, inside }, stored, this.#width);
    }
  }

  #isVarying(id: number): boolean {
    return this.#laneAxis >= 0 && (this.#facts.masks[id]! & (1 << this.#laneAxis)) !== 0;
  }

  /** Element by element, those outside left out. */
  #storeGuarded(op: BodyStore["op"], access: Access, place: Place, value: Value, stride: number): void {
    const f = this.#f;
    const outer = this.#pointer(access);
    const lanes = stride === 0 && op === "set" ? 1 : this.#width;
    const first = stride === 0 ? outer : this.#laneAddress(outer, stride, 4).get;
    for (let lane = 0; lane < lanes; lane++) {
      const index = f.keep("i32", () => {
        first(f);
        place.base(f);
        f.plain("i32.sub");
        f.i32(2);
        f.plain("i32.shr_s");
        f.i32(lane * stride);
        f.plain("i32.add");
      });
      storeAt(f, op, place, index, value, lane);
    }
  }

  /** A value as memory has it: bools as 0 or 1. */
  #inMemory(id: number): Value {
    const value = this.#value(id);
    if (this.#spec.code[id]!.dtype !== "bool") return value;
    return this.#f.let((f) => {
      value(f);
      f.v128([1, 1, 1, 1], true);
      f.simd("v128.and");
    });
  }
}

function emptyScope(): ValueScope {
  return { values: new Map(), pointers: new Map(), scalars: new Map() };
}

/** Stages live beside steps, whose ids count from 0. */
function stageKey(stage: number): number {
  return -1 - stage;
}

function* axesIn(mask: number): Generator<number> {
  for (let axis = 0; axis < 32; axis++) if (mask & (1 << axis)) yield axis;
}

function addScaled(f: FunctionBuilder, value: Value | null, factor: number): void {
  if (value) {
    value(f);
    if (factor !== 1) {
      f.i32(factor);
      f.plain("i32.mul");
    }
  } else f.i32(factor);
  f.plain("i32.add");
}

const keys = new WeakMap<MemoryRange, number>();
let lastKey = 0;

function keyOf(range: MemoryRange): number {
  const known = keys.get(range);
  if (known !== undefined) return known;
  keys.set(range, ++lastKey);
  return lastKey;
}
