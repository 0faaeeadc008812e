/** @file Runs the example in every public operation's comment and compares it with the result written there. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as ops from "../src/ops/index.ts";
import { Tensor, tensor } from "../src/tensor.ts";
import { nested } from "./opsHost.ts";

const folder = new URL("../src/ops/", import.meta.url);

interface Example {
  readonly name: string;
  readonly code: string;
  readonly result: string;
}

/** `expression; // result` lines after `@example`, with the name of the function that follows. */
function examplesOf(file: string): Example[] {
  const text = readFileSync(new URL(file, folder), "utf8");
  const pattern = /@example\n \* (.+); \/\/ (.+)\n \*\/\nexport (?:const|function) (\w+)/g;
  return [...text.matchAll(pattern)].map(([, code, result, name]) => ({
    name: name as string,
    code: code as string,
    result: result as string,
  }));
}

const examples = readdirSync(folder)
  .filter((file) => file.endsWith(".ts"))
  .flatMap(examplesOf);

/** A second name, and functions that other folders document. */
const withoutExample = ["var", "switch", "customGradient", "stopGradient"];

describe("examples in comments", () => {
  test.each(examples.map((example) => [example.name, example] as const))("%s", (_, { code, result }) => {
    const names = Object.keys(ops).filter((name) => name !== "var" && name !== "switch");
    const scope = names.map((name) => (ops as Record<string, unknown>)[name]);
    const run = new Function("tensor", ...names, `return ${code}`);
    const value: unknown = run(tensor, ...scope);
    expect(value instanceof Tensor ? nested(value) : value).toEqual(JSON.parse(result));
  });

  test("every operation has one", () => {
    const covered = new Set(examples.map((example) => example.name));
    const missing = Object.keys(ops).filter((name) => !covered.has(name) && !withoutExample.includes(name));
    expect(missing).toEqual([]);
  });
});
