/** @file Class weights as sample weights. */
import { type HostData, type Tensor, tensor, ValueError } from "@tenrec/tensor";
import { leavesOf } from "../values.ts";
import { hostDataOf } from "./data.ts";
import type { ClassWeight, Rows } from "./samples.ts";

/**
 * The weight of each sample's class (1 for classes without one), times its own weight.
 *
 * @param targets - By output: there may be one only.
 */
export async function weightsByClass(
  where: string,
  targets: readonly (Tensor | undefined)[],
  classWeight: ClassWeight,
  { samples, count }: Rows,
): Promise<Tensor> {
  if (targets.length > 1) throw severalOutputs(where, targets.length);
  const labels = await hostDataOf(targets[0] as Tensor);
  const own = samples.weight ? await (leavesOf(samples.weight)[0] as Tensor).data() : null;
  const width = labels.length / count;
  const weights = Float32Array.from({ length: count }, (_, i) => {
    const label = width === 1 ? (labels[i] as number) : largest(labels.subarray(i * width, (i + 1) * width));
    return (classWeight[Math.round(label)] ?? 1) * (own?.[i] ?? 1);
  });
  return tensor(weights);
}

function severalOutputs(where: string, count: number): ValueError {
  return new ValueError(where, "classWeight is for models with one output.", {
    received: `classWeight, and ${count} outputs.`,
    expected: "no classWeight.",
    fix: "pass sampleWeight with an array of weights per output.",
  });
}

/** Position of the first largest number. */
function largest(row: HostData): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if ((row[i] as number) > (row[best] as number)) best = i;
  return best;
}
