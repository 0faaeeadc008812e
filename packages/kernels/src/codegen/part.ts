/** @file The pieces that kernel generators hand to the module assembler. */
import type { BoundArray } from "./access.ts";

/** Where a kernel's code runs: alone, or as one part of a kernel of several side by side. */
export interface PartFrame {
  readonly bindings: readonly BoundArray[];
  /** First param word. */
  readonly paramBase: number;
  /** Appended to every module-scope name. */
  readonly suffix: string;
  /** That of a part before, of the same template in the same form, whose workgroup memory this one uses: a workgroup runs one of them. */
  readonly sharedSuffix?: string;
  /** Invocations per workgroup. */
  readonly size: number;
}

export function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
