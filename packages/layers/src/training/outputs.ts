/** @file What is checked for models of several outputs: compile arguments by output, and that targets are there. */
import { ValueError } from "@tenrec/tensor";
import { unknownName } from "../identifiers.ts";
import { type CompileOptions, isRecord } from "./compiled.ts";

/** Compile arguments by output speak of outputs that there are. */
export function checkOutputs(options: CompileOptions, names: readonly string[]): void {
  const { loss, metrics, weightedMetrics, lossWeights } = options;
  for (const [argument, value] of Object.entries({ loss, metrics, weightedMetrics, lossWeights }))
    checkPerOutput(argument, value, names);
}

/** Throws for names of outputs that there are not, and for arrays that are not one entry per output. */
function checkPerOutput(argument: string, value: unknown, names: readonly string[]): void {
  const unknown = isRecord(value) ? Object.keys(value).find((name) => !names.includes(name)) : undefined;
  if (unknown !== undefined) throw unknownName("compile", `output in ${argument}`, unknown, names);
  if (!Array.isArray(value) || names.length === 1 || value.length === names.length) return;
  throw new ValueError("compile", `${argument} is not one entry per output.`, {
    received: `${value.length} for ${names.length} outputs.`,
    expected: `an array with an entry (null for none) for each of ${names.join(", ")}, or a record by name.`,
    fix: `write ${argument}: { ${names[0]}: ... }.`,
  });
}

export function missingTarget(name: string | number, given: unknown): never {
  throw new ValueError("fit", `there are no targets for output "${name}".`, {
    received: isRecord(given) ? `y with ${Object.keys(given).join(", ")}.` : "y without them.",
    expected: "targets for every output with a loss or metrics.",
    fix: `pass y: { ${name}: ... }, or compile without a loss for it.`,
  });
}
