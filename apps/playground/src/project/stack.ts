/** Which layers a data set's stack is made of, and in which order they may stand. */

import type { DataSet, LayerKind, LayerSpec, Task } from "./project.ts";
import { taskOf } from "./project.ts";

const flat: readonly LayerKind[] = ["dense", "dropout"];
const offered: Readonly<Record<Task, readonly LayerKind[]>> = {
  points: flat,
  images: flat,
  text: ["gru", "lstm", "attention", "dense", "dropout"],
};

/** The kinds that may be added to the stack of `set`. */
export function kindsFor(set: DataSet): readonly LayerKind[] {
  return set === "pictures" ? ["conv", "pool", ...flat] : offered[taskOf(set)];
}

/** The layer that a new card of a kind begins as. */
export function freshLayer(kind: LayerKind): LayerSpec {
  switch (kind) {
    case "dense":
      return { kind, units: 8, activation: "relu" };
    case "dropout":
      return { kind, rate: 0.2 };
    case "conv":
      return { kind, filters: 8, kernel: 3, activation: "relu" };
    case "pool":
      return { kind, size: 2 };
    case "embedding":
      return { kind, units: 16 };
    case "attention":
      return { kind, heads: 4 };
    default:
      return { kind, units: 32 };
  }
}

/** The card at `index` is part of what the data set is: it is neither moved nor removed. */
export function isFixed(set: DataSet, index: number): boolean {
  return set === "text" && index === 0;
}

const isSpatial = ({ kind }: LayerSpec) => kind === "conv" || kind === "pool";

/** What is asked of the stack of `set` where `layers` is not one; undefined where it is. */
export function stackFault(set: DataSet, layers: readonly LayerSpec[]): string | undefined {
  const inner = set === "text" ? layers.slice(1) : layers;
  if (set === "text" && layers[0]?.kind !== "embedding") return "an embedding first";
  const kinds = kindsFor(set);
  if (inner.some(({ kind }) => !kinds.includes(kind))) return `layers of the kinds ${kinds.join(", ")}`;
  const firstDense = layers.findIndex(({ kind }) => kind === "dense");
  if (firstDense >= 0 && layers.slice(firstDense).some(isSpatial)) {
    return "convolutions and pooling before the first dense layer";
  }
  return undefined;
}

/** `layers` with `spec` at the last place where it may stand, and that place. */
export function withLayer(
  set: DataSet,
  layers: readonly LayerSpec[],
  spec: LayerSpec,
): readonly [layers: readonly LayerSpec[], place: number] {
  for (let place = layers.length; place > 0; place--) {
    const longer = layers.toSpliced(place, 0, spec);
    if (stackFault(set, longer) === undefined) return [longer, place];
  }
  return [[spec, ...layers], 0];
}
