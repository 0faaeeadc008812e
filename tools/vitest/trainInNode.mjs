/** A command for tests in pages: the losses that Node has in the same runs of real networks. */
import { runCommand } from "../common.mjs";

const script = `
  import { init } from "@tenrec/tensor";
  import { programs, train } from "./packages/layers/test/realRuns.ts";
  await init({ backend: "cpu", webAssembly: "strict" });
  const losses = {};
  for (const [name, program] of Object.entries(programs)) losses[name] = (await train(program, {})).losses;
  console.log(JSON.stringify(losses));
`;

/** @returns {Promise<Record<string, number[]>>} Losses by network. */
export async function trainInNode() {
  const flags = ["--import", "./tools/ts.mjs", "--input-type=module", "--eval"];
  const { code, output } = await runCommand(process.execPath, [...flags, script], { capture: true });
  if (code !== 0) throw new Error(`Node does not train:\n${output}`);
  return JSON.parse(output);
}
