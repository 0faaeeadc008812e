/** @file Compiled flushes by structure: two 32-bit hashes to find a candidate, word-by-word comparison to be sure. */
import type { Program } from "@tenrec/kernels";
import type { Compiled } from "../compile/compile.ts";
import type { Attrs } from "../graph/node.ts";

/** One program and the positions that were asked for after an earlier run (they are stored from then on). */
export interface ProgramEntry {
  readonly words: Int32Array;
  /** The entry of the words that these begin with, if that was looked up before. */
  readonly base: ProgramEntry | null;
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
  #words = new Int32Array(1024);
  #length = 0;
  first = 0x811c9dc5;
  second = 0x9e3779b9;
  /** Small integers for names. */
  readonly #texts = new Map<string, number>();
  readonly #float = new Float64Array(1);
  readonly #floatWords = new Uint32Array(this.#float.buffer);

  push(word: number): void {
    if (this.#length === this.#words.length) {
      const grown = new Int32Array(this.#length * 2);
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

  view(): Int32Array {
    return this.#words.subarray(0, this.#length);
  }

  /** Whether these are the words written so far, those before `start` being known to be. */
  equals(words: Int32Array, start: number): boolean {
    if (words.length !== this.#length) return false;
    const own = this.#words;
    for (let i = start; i < words.length; i++) if (words[i] !== own[i]) return false;
    return true;
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

  /** The entry for the words now in `key`, which begin with those of `base`; a new one has no program yet. */
  lookup(base: ProgramEntry | null = null): ProgramEntry {
    const { key } = this;
    const bucketKey = (key.first >>> 0) * 0x200000 + (key.second >>> 11);
    const bucket = this.#entries.get(bucketKey) ?? [];
    const start = base?.words.length ?? 0;
    for (const known of bucket) if (known.base === base && key.equals(known.words, start)) return known;
    const words = key.view().slice();
    const entry = { words, base, bucket: bucketKey, keeps: new Set<number>(), compiled: null, program: null };
    this.#entries.set(bucketKey, [...bucket, entry]);
    return entry;
  }
}
