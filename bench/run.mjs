/**
 * @file The benchmark command: `npm run bench -- [--backend=cpu] [--only=mlp,lstm] [--libraries=tfjs,jaxjs] [--rounds=7] [--epochs=3]
 * [--cold=3] [--budget=40]`. Exit code 1 on GPU or page errors and where losses differ. With `--only` the rows of the other
 * workloads stay as they are; fewer libraries or rounds leave the results in `.cache/bench`.
 */
import { ensureInstalled } from "../tools/bootstrap.mjs";

await ensureInstalled();
const { bench } = await import("./lib/bench.mjs");
try {
  process.exitCode = (await bench(process.argv.slice(2))) ? 0 : 1;
} catch (error) {
  console.error(error.name === "UsageError" ? error.message : error.stack);
  process.exitCode = 1;
}
