/** @file Compiled flushes by structure: two 32-bit hashes to find a candidate, word-by-word comparison to be sure. */
import type { Program } from "@tenrec/kernels";
import type { Compiled } from "../compile/compile.ts";
import type { Attrs } from "../graph/node.ts";

/** One program and the positions that were asked for after an earlier run (they are stored from then on). */
export interface ProgramEntry {
  readonly words: Uint32Array;
  /** Hash under which it is found. */
  readonly bucket: number;
  readonly keeps: Set<number>;
  compiled: Compiled | null;
  program: Program | null;
}

/** What a word sequence holds for one attribute value; a tag before each keeps different values apart. */
const tag = { end: 0, boolean: 1, integer: 2, float: 3, text: 4, list: 5 } as const;

/** Structure as words, with two running hashes. Different structures give different words. */
export class KeyWriter {
  #words = new Uint32Array(1024);
  #length = 0;
  first = 0x811c9dc5;
  second = 0x9e3779b9;
  /** Small integers for names. */
  readonly #texts = new Map<string, number>();
  readonly #float = new Float64Array(1);
  readonly #floatWords = new Uint32Array(this.#float.buffer);

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

  /** A name. */
  text(value: string): void {
    let id = this.#texts.get(value);
    if (id === undefined) {
      id = this.#texts.size + 1;
      this.#texts.set(value, id);
    }
    this.push(id);
  }

  /** Attributes are new objects in every step: their values are written, without a text or a table of them. */
  attributes(attrs: Attrs): void {
    for (const name in attrs) {
      this.text(name);
      this.#value(attrs[name] as Attrs[string]);
    }
    this.push(tag.end);
  }

  #value(value: Attrs[string]): void {
    if (typeof value === "number") this.#number(value);
    else if (typeof value === "boolean") {
      this.push(tag.boolean);
      this.push(Number(value));
    } else if (typeof value === "string") {
      this.push(tag.text);
      this.text(value);
    } else {
      this.push(tag.list);
      this.push(value.length);
      for (let i = 0; i < value.length; i++) this.#value(value[i] as number | boolean);
    }
  }

  /** Bits, so that -0 and NaN keep their identity. */
  #number(value: number): void {
    if (Object.is(value | 0, value)) {
      this.push(tag.integer);
      this.push(value);
      return;
    }
    this.#float[0] = value;
    this.push(tag.float);
    this.push(this.#floatWords[0] as number);
    this.push(this.#floatWords[1] as number);
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

/** Programs kept: a page that keeps making new structures (growing loops, many models) must not keep them all. */
const maxPrograms = 256;

export class ProgramCache {
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

  /** Lets go of everything: programs are compiled for one target. */
  clear(): void {
    for (const entry of [...this.#used]) this.#drop(entry);
    this.#entries.clear();
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
