/** `npm run golden`: says how the golden values of the real Keras are made; that needs Python, the tests do not. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./common.mjs";

const [introduction] = readFileSync(join(root, "tools/golden/README.md"), "utf8").split("\n## ");
console.log(introduction.trim());
