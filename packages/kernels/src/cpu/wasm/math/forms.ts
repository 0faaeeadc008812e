/** @file The forms in which formulas enter kernels. */
import type { Value } from "../assembler.ts";
import { lanewise } from "../math.ts";
import type { Lowering } from "../scalar.ts";
import type { Formula } from "./expression.ts";

/** Stands in the kernel itself. */
export function inline(formula: Formula): Lowering {
  return (f, ...args) => formula(f, ...args)(f);
}

/** A function that all kernels of the module call. */
export function shared(name: string, formula: Formula): Lowering {
  return (f, ...args) => {
    const signature = { params: args.map(() => "v128" as const), results: ["v128" as const] };
    const index = f.module.helper(name, signature, (g) => formula(g, ...g.params.map(({ get }) => get))(g));
    for (const arg of args) arg(f);
    f.call(index);
  };
}

/** The formula where all lanes are within its bounds; else JavaScript's function, lane by lane. */
export function guarded(name: string, isBounded: Formula, formula: Formula): Formula {
  return (f, ...args) => {
    const allBounded: Value = () => {
      isBounded(f, ...args)(f);
      f.simd("i32x4.all_true");
    };
    const within = () => formula(f, ...args)(f);
    const beyond = () => lanewise(name, args.length, 4, "f")(f, ...args);
    return () => f.if(allBounded, within, beyond, "v128");
  };
}
