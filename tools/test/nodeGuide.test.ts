/** Runs every program of docs/node.md in a plain Node, in an empty folder that has tenrec installed. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../common.mjs";

const guide = await readFile(join(root, "docs/node.md"), "utf8");
const programs = [...guide.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code!);

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tenrec-guide-"));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"), "junction");
});
afterAll(() => rm(folder, { recursive: true }));

/** What the program that mentions `word` prints. */
async function run(word: string): Promise<string> {
  const found = programs.filter((code) => code.includes(word));
  expect(found).toHaveLength(1);
  const file = join(folder, `${word}.mjs`);
  await writeFile(file, found[0]!);
  const hooks = pathToFileURL(join(root, "tools/ts.mjs")).href;
  const args = ["--import", hooks, file];
  return (await promisify(execFile)(process.execPath, args, { cwd: folder })).stdout;
}

test("every program is run here", () => expect(programs).toHaveLength(3));

test("training", async () => {
  const printed = await run("probabilities");
  expect(printed).toMatch(/^(cpu|webgpu) /);
  expect(printed.match(/val_accuracy: /g)).toHaveLength(10);
  expect(Number(/^(0\.\d+) \[/m.exec(printed)?.[1])).toBeGreaterThan(0.9);
});

test("Workers", async () => {
  const accuracies = [...(await run("worker_threads")).matchAll(/^(16|64) units: (.*)$/gm)];
  expect(accuracies.map(([, units]) => units).sort()).toEqual(["16", "64"]);
  for (const [, , accuracy] of accuracies) expect(Number(accuracy)).toBeGreaterThan(0.8);
});

test("saving", async () => {
  const accuracies = [...(await run("setWeights")).matchAll(/accuracy: (\S+)/g)].map(([, value]) =>
    Number(value),
  );
  expect(accuracies).toHaveLength(2);
  expect(accuracies[0]).toBeGreaterThan(0.9);
  expect(accuracies[1]).toBe(accuracies[0]);
});
