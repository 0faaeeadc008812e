// The libraries under comparison, in the order in which a round runs them.
import type { Library } from "../types.ts";

export const libraries: readonly Library[] = [
  { name: "tenrec", title: "Tenrec", packageName: "tenrec" },
  { name: "tfjs", title: "TensorFlow.js", packageName: "@tensorflow/tfjs-core" },
  { name: "jaxjs", title: "jax-js", packageName: "@jax-js/jax" },
];
