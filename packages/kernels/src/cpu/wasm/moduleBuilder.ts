/** @file Assembles WebAssembly modules of functions: types, imports, exports; no text, no toolchain. */
import { FunctionBuilder, type Signature } from "./assembler.ts";
import { Bytes } from "./bytes.ts";
import { types } from "./opcodes.ts";

interface Function {
  readonly builder: FunctionBuilder;
  readonly type: number;
  readonly name: string | null;
}

/**
 * A module over one imported memory (`env.memory`). `relaxed`: products may join the sums they go into in one rounding, as the machine
 * prefers.
 */
export class ModuleBuilder {
  readonly relaxed: boolean;
  /** Functions of `math`, which take and give float64 numbers, with their number of operands. */
  readonly #imports = new Map<string, number>();
  readonly #types: string[] = [];
  readonly #signatures: Signature[] = [];
  readonly #functions: Function[] = [];
  readonly #helpers = new Map<string, number>();

  constructor(relaxed = false) {
    this.relaxed = relaxed;
  }

  /** What `call` takes for `math.name`. Imports count down from -1, since functions come and go until the module is finished. */
  importIndex(name: string, count: number): number {
    if (!this.#imports.has(name)) this.#imports.set(name, count);
    return -1 - [...this.#imports.keys()].indexOf(name);
  }

  /** Makes a function, exported as `name` if there is one; returns its index for `call`. */
  define(signature: Signature, name: string | null, body: (f: FunctionBuilder) => void): number {
    const builder = new FunctionBuilder(this, signature);
    const index = this.#functions.push({ builder, type: this.#type(signature), name }) - 1;
    body(builder);
    return index;
  }

  /** Runs `body`; what it defined before it threw is taken back. */
  attempt<T>(body: () => T): T {
    const count = this.#functions.length;
    try {
      return body();
    } catch (error) {
      this.#functions.length = count;
      for (const [name, index] of this.#helpers) if (index >= count) this.#helpers.delete(name);
      throw error;
    }
  }

  /** The index of a function that several others call: made when it is first wanted. */
  helper(name: string, signature: Signature, body: (f: FunctionBuilder) => void): number {
    const known = this.#helpers.get(name);
    if (known !== undefined) return known;
    const index = this.define(signature, null, body);
    this.#helpers.set(name, index);
    return index;
  }

  /** `shared`: the memory is a SharedArrayBuffer's, of at most `maximum` pages. */
  finish(shared: { readonly maximum: number } | null): Uint8Array<ArrayBuffer> {
    const importTypes = [...this.#imports.values()].map((count) =>
      this.#type({ params: Array.from({ length: count }, () => "f64" as const), results: ["f64"] }),
    );
    const all = new Bytes();
    all.bytes([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    writeSection(all, 1, this.#signatures, (section, { params, results }) => {
      section.byte(0x60);
      for (const list of [params, results]) {
        section.u32(list.length);
        for (const type of list) section.byte(types[type]);
      }
    });
    this.#writeImports(all, importTypes, shared);
    writeSection(all, 3, this.#functions, (section, { type }) => section.u32(type));
    const exported = this.#functions.filter(({ name }) => name !== null);
    writeSection(all, 7, exported, (section, item) => {
      section.name(item.name!);
      section.byte(0);
      section.u32(this.#imports.size + this.#functions.indexOf(item));
    });
    const indexOf = (target: number): number => (target < 0 ? -1 - target : this.#imports.size + target);
    writeSection(all, 10, this.#functions, (section, { builder }) => section.sized(builder.finish(indexOf)));
    return all.data.slice();
  }

  #writeImports(
    all: Bytes,
    importTypes: readonly number[],
    shared: { readonly maximum: number } | null,
  ): void {
    const section = new Bytes();
    section.u32(this.#imports.size + 1);
    [...this.#imports.keys()].forEach((name, i) => {
      section.name("math");
      section.name(name);
      section.byte(0);
      section.u32(importTypes[i]!);
    });
    section.name("env");
    section.name("memory");
    section.byte(2);
    section.byte(shared ? 3 : 0);
    section.u32(0);
    if (shared) section.u32(shared.maximum);
    all.byte(2);
    all.sized(section);
  }

  #type(signature: Signature): number {
    const key = `${signature.params}:${signature.results}`;
    const known = this.#types.indexOf(key);
    if (known >= 0) return known;
    this.#signatures.push(signature);
    return this.#types.push(key) - 1;
  }
}

function writeSection<T>(
  all: Bytes,
  id: number,
  items: readonly T[],
  write: (section: Bytes, item: T) => void,
): void {
  const section = new Bytes();
  section.u32(items.length);
  for (const item of items) write(section, item);
  all.byte(id);
  all.sized(section);
}
