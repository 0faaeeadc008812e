// What several workloads say in the same words.
import type { Targets, Variant } from "./types.ts";

/** Both other libraries under one bar. */
export const overPeers = (ratio: number): Targets => ({ ratios: { tfjs: ratio, jaxjs: ratio } });

/** For variants of TensorFlow.js whose gradient needs a kernel that its WebAssembly backend does not have. */
export const lacksOnCpu = (kernel: string): Pick<Variant<unknown>, "unable"> => ({
  unable: { cpu: `its WebAssembly backend lacks the kernel ${kernel}` },
});

/** Both processor cores of a small machine. */
const threads = 2;

/**
 * Ours in the page's thread, which is its default, and on the cpu backend once more in two threads: the others start theirs
 * unasked.
 */
export function tenrecVariants<Problem>(variant: Omit<Variant<Problem>, "library">): Variant<Problem>[] {
  const threaded: Variant<Problem> = {
    ...variant,
    library: "tenrec",
    name: `${variant.name}, ${threads} threads`,
    description: `${variant.description}; in the page's thread and a Worker`,
    threads,
    backends: ["cpu"],
    load: async () => {
      (await import("./libraries/tenrec.ts")).useThreads(threads);
      return variant.load();
    },
  };
  return [{ ...variant, library: "tenrec" }, threaded];
}

/**
 * jax-js as WebAssembly computes on worker threads for who awaits it, and in the page's thread for who reads synchronously,
 * which suits small kernels: two ways of the same functions. Convolutions take it seconds and are left to the workers.
 */
export function jaxVariants<Problem>(variant: Omit<Variant<Problem>, "library">): Variant<Problem>[] {
  const synchronous: Variant<Problem> = {
    ...variant,
    library: "jaxjs",
    name: `${variant.name}, synchronous`,
    description: `${variant.description}; read synchronously, which computes in the page's thread`,
    backends: ["cpu"],
    load: async () => {
      (await import("./libraries/jaxjs.ts")).readSynchronously();
      return variant.load();
    },
  };
  return [{ ...variant, library: "jaxjs" }, synchronous];
}
