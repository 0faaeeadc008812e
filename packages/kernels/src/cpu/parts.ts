/** @file Code that only some programs need: loaded when the first of them is built. */
import { DeviceError } from "../device/errors.ts";

/** A module that is loaded on demand, once. */
export class Part<T> {
  readonly #load: () => Promise<T>;
  #loaded: T | null = null;

  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  /** The module at once where it is here already, else its promise. A failed download is tried again by the next call. */
  get(): T | Promise<T> {
    return this.#loaded ?? this.#fetch();
  }

  async #fetch(): Promise<T> {
    try {
      this.#loaded = await this.#load();
    } catch (error) {
      throw notLoaded(error);
    }
    return this.#loaded;
  }
}

function notLoaded(error: unknown): DeviceError {
  return new DeviceError("build", "code of the cpu backend cannot be loaded.", {
    received: error instanceof Error ? error.message : `${error}`,
    expected: "the files of tenrec where the page found the first of them",
    fix: "look whether all files were deployed and the network is up, then call init() again",
  });
}

/** JavaScript in place of WebAssembly. */
export const blocks = /* @__PURE__ */ new Part(() => import("./blocks/call.ts"));

/** The emitters of hand-written kernels. */
export const templates = /* @__PURE__ */ new Part(() => import("./wasm/template.ts"));

/** `next` of a value, at once where it is here: most programs are linked without waiting for anything. */
export function after<T, U>(value: T | Promise<T>, next: (value: T) => U | Promise<U>): U | Promise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
