// Counts what a page does on the cpu backend: threads that a library starts, and our own time inside WebAssembly.
import type { PageCounters } from "./types.ts";

export interface CpuCounters extends PageCounters {
  /** `workers`: threads started; `wasmMs`, once it is asked for: milliseconds of the page's thread inside WebAssembly. */
  read(): Record<string, number>;
  /**
   * Times every function of the modules that are instantiated from now on. Our pages ask for it, the others do not: two
   * readings of a clock are nothing beside the few calls of a compiled step, but would slow an eager library down.
   */
  timeWebAssembly(): void;
}

type WasmFunction = (...args: unknown[]) => unknown;
type Add = (milliseconds: number) => void;

/** Calls come from script, so that none lies within another. */
function timed(original: WasmFunction, add: Add): WasmFunction {
  return (...args) => {
    const start = performance.now();
    const result = original(...args);
    add(performance.now() - start);
    return result;
  };
}

/** The exports of a module with their functions timed. */
function timedExports(exports: WebAssembly.Exports, add: Add): WebAssembly.Exports {
  const entries = Object.entries(exports).map(([name, value]): [string, WebAssembly.ExportValue] => [
    name,
    typeof value === "function" ? timed(value as WasmFunction, add) : value,
  ]);
  return Object.fromEntries(entries);
}

/** Installs the wrappers and returns the running totals. */
export function installCpuCounters(): CpuCounters {
  const counts: Record<string, number> = { workers: 0 };
  const add = (name: string, amount: number) => {
    counts[name] = (counts[name] ?? 0) + amount;
  };
  globalThis.Worker = class extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      add("workers", 1);
    }
  };
  const timeWebAssembly = () => {
    add("wasmMs", 0);
    WebAssembly.Instance = class extends WebAssembly.Instance {
      override readonly exports = timedExports(super.exports, (milliseconds) => add("wasmMs", milliseconds));
    };
  };
  return { read: () => ({ ...counts }), errors: [], timeWebAssembly };
}
