/** @file Compiled flushes by structure: two 32-bit hashes to find a candidate, word-by-word comparison to be sure. */
import type { Program } from "@tenrec/kernels";
import type { Compiled } from "../compile/compile.ts";
import { type Attrs, attrsKey, type Node, type Primitive } from "../graph/node.ts";

/** One program and the positions that were asked for after an earlier run (they are stored from then on). */
export interface ProgramEntry {
  readonly words: Uint32Array;
  /** Hash under which it is found. */
  readonly bucket: number;
  readonly keeps: Set<number>;
  compiled: Compiled | null;
  program: Program | null;
}

/** Appends words and keeps two running hashes. */
export class KeyWriter {
  #words = new Uint32Array(1024);
  #length = 0;
  first = 0x811c9dc5;
  second = 0x9e3779b9;

  push(word: number): void {
    if (this.#length === this.#words.length) {
      const grown = new Uint32Array(this.#length * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words[this.#length++] = word;
    this.first = Math.imul(this.first ^ word, 0x01000193);
    this.second = Math.imul(this.second + word, 0x85ebca6b) ^ (this.second >>> 15);
  }

  reset(): void {
    this.#length = 0;
    this.first = 0x811c9dc5;
    this.second = 0x9e3779b9;
  }

  view(): Uint32Array {
    return this.#words.subarray(0, this.#length);
  }
}

/** Small integers for primitives and attribute values, so that structure is words. */
export class StructureIds {
  // By name: a customGradient has a record of its own per call, and all of them compile alike.
  readonly #primitives = new Map<string, number>();
  readonly #attrs = new Map<string, number>();
  readonly #attrObjects = new WeakMap<Attrs, number>();

  primitive(primitive: Primitive): number {
    const id = this.#primitives.get(primitive.name) ?? this.#primitives.size + 1;
    this.#primitives.set(primitive.name, id);
    return id;
  }

  attributes(node: Node): number {
    let id = this.#attrObjects.get(node.attrs);
    if (id !== undefined) return id;
    const text = attrsKey(node.attrs);
    id = this.#attrs.get(text) ?? this.#attrs.size + 1;
    this.#attrs.set(text, id);
    this.#attrObjects.set(node.attrs, id);
    return id;
  }
}

/** Programs kept: a page that keeps making new structures (growing loops, many models) must not keep them all. */
const maxPrograms = 256;

export class ProgramCache {
  readonly ids: StructureIds = new StructureIds();
  readonly key: KeyWriter = new KeyWriter();
  readonly #entries = new Map<number, ProgramEntry[]>();
  /** Entries with a program, least recently used first. */
  readonly #used = new Set<ProgramEntry>();

  /** Number of programs that are kept. */
  get size(): number {
    return this.#used.size;
  }

  /** Marks an entry's program as just used and lets go of the oldest beyond the limit. */
  touch(entry: ProgramEntry): void {
    this.#used.delete(entry);
    this.#used.add(entry);
    if (this.#used.size <= maxPrograms) return;
    const [oldest] = this.#used;
    if (oldest) this.#drop(oldest);
  }

  #drop(entry: ProgramEntry): void {
    entry.program?.dispose();
    entry.program = null;
    entry.compiled = null;
    this.#used.delete(entry);
    const bucket = this.#entries.get(entry.bucket) ?? [];
    this.#entries.set(
      entry.bucket,
      bucket.filter((other) => other !== entry),
    );
  }

  /** The entry for the words now in `key`; a new one has no program yet. */
  lookup(): ProgramEntry {
    const bucketKey = (this.key.first >>> 0) * 0x200000 + (this.key.second >>> 11);
    const words = this.key.view();
    const bucket = this.#entries.get(bucketKey) ?? [];
    this.#entries.set(bucketKey, bucket);
    let entry = bucket.find((known) => equalWords(known.words, words));
    if (!entry) {
      entry = { words: words.slice(), bucket: bucketKey, keeps: new Set(), compiled: null, program: null };
      bucket.push(entry);
    }
    return entry;
  }
}

function equalWords(a: Uint32Array, b: Uint32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
