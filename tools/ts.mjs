/** `node --import ./tools/ts.mjs file.ts` runs TypeScript on Node 20, which strips no types itself. */
import { register } from "node:module";

register("./tsHooks.mjs", import.meta.url);
