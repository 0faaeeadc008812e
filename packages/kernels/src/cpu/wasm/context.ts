/** @file What the parts of a body's compilation share: the spec with its analysis, and where in the loops the emitter stands. */
import { internal } from "../../device/errors.ts";
import { type Affine, rangeOf } from "../affine.ts";
import { type Analysis, analyse } from "../analysis.ts";
import type { BodySpec, BodyStore } from "../bodySpec.ts";
import type { MemoryRange } from "../memory.ts";
import type { Nest } from "../nest.ts";
import type { FunctionBuilder, Local, Value } from "./assembler.ts";
import { findExactHalves } from "./exactHalves.ts";

/** What a function knows of the memory and params of its call. */
export interface Frame {
  /** First byte of a binding. */
  base(range: MemoryRange): Value;
  /** A param word that a run fills in, in all lanes. */
  param(word: number): Value;
  /** The same as an i32. */
  word(word: number): Value;
}

/** The same with `range`, a range of its own, at `base`. */
export function withRange(frame: Frame, range: MemoryRange, base: Value): Frame {
  return { ...frame, base: (other) => (other === range ? base : frame.base(other)) };
}

/** An address with the axes and terms that it holds so far. */
export interface Pointer {
  readonly value: Value;
  readonly axes: ReadonlySet<number>;
  readonly terms: ReadonlySet<number>;
}

/** What is known at one depth of the loops. */
interface Scope {
  /** Steps by id, one value for each vector of the lanes (one in all where they are the same); stages count down from -1. */
  readonly values: Map<number, readonly Value[]>;
  readonly pointers: Map<string, Pointer>;
  /** Steps that are the same in all lanes, as i32. */
  readonly scalars: Map<number, Value>;
  /** Addresses of the first lane. */
  readonly lanes: Map<string, Local>;
  /** 1 over a step. */
  readonly reciprocals: Map<number, Value>;
}

/** Where the emitter stands. */
interface Position {
  /** The index of each axis whose loop is open; lanes are not among them. */
  readonly axes: Map<number, Value>;
  /** Four times the index of the first lane. */
  lane: Local | null;
  width: 1 | 4;
  /** Vectors of lanes that a turn of the lane loop computes, and which of them is meant. */
  copies: number;
  copy: number;
}

export class BodyContext {
  readonly f: FunctionBuilder;
  readonly spec: BodySpec;
  readonly nest: Nest;
  readonly frame: Frame;
  readonly facts: Analysis;
  readonly laneAxis: number;
  /** Steps that an earlier phase left in memory, for the last one. */
  readonly kept = new Map<number, BodyStore>();
  readonly at: Position = { axes: new Map(), lane: null, width: 1, copies: 1, copy: 0 };
  readonly #scopes: Scope[] = [emptyScope()];
  #exactHalves: readonly boolean[] | null = null;

  constructor(f: FunctionBuilder, spec: BodySpec, nest: Nest, frame: Frame) {
    this.f = f;
    this.spec = spec;
    this.nest = nest;
    this.frame = frame;
    this.facts = analyse(spec.code, spec.stages, spec.params, nest, spec.accumulator?.form ?? null);
    this.laneAxis = nest.block[0] ?? -1;
  }

  /** Whether float16 has all values of a step. */
  isExactHalf(id: number): boolean {
    this.#exactHalves ??= findExactHalves(this.spec);
    return this.#exactHalves[id]!;
  }

  /** The innermost scope. */
  get scope(): Scope {
    return this.#scopes.at(-1)!;
  }

  find<T>(read: (scope: Scope) => T | undefined): T | undefined {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const found = read(this.#scopes[i]!);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  scoped(body: () => void): void {
    this.#scopes.push(emptyScope());
    body();
    this.#scopes.pop();
  }

  /** `body` for each vector of the lanes. */
  forCopies(body: (copy: number) => void): void {
    for (let copy = 0; copy < this.at.copies; copy++) {
      this.at.copy = copy;
      body(copy);
    }
    this.at.copy = 0;
  }

  /** The lanes of a step differ. */
  isVarying(id: number): boolean {
    return this.laneAxis >= 0 && (this.facts.masks[id]! & (1 << this.laneAxis)) !== 0;
  }

  isKnown(id: number): boolean {
    return this.facts.constant[id] === true || this.find((scope) => scope.values.get(id)) !== undefined;
  }

  isInside(form: Affine, range: MemoryRange): boolean {
    const reach = rangeOf(form, this.nest.extents);
    return reach !== null && reach[0] >= 0 && reach[1] < range.length;
  }

  /** A value that was computed, of the vector that is meant. */
  computed(key: number): Value {
    const values = this.find((scope) => scope.values.get(key));
    if (!values) throw internal(`step ${key} is not computed where it is used.`);
    return values[this.at.copy] ?? values[0]!;
  }
}

/** Stages live beside steps, whose ids count from 0. */
export function stageKey(stage: number): number {
  return -1 - stage;
}

function emptyScope(): Scope {
  return {
    values: new Map(),
    pointers: new Map(),
    scalars: new Map(),
    lanes: new Map(),
    reciprocals: new Map(),
  };
}
