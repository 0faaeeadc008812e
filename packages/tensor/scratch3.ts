import { Lowering } from "./src/compile/lower.ts";
const orig = (Lowering.prototype as any).value;
(Lowering.prototype as any).value = function (node: any, index: any) { const r = orig.call(this, node, index); if (r === undefined) console.log("undef", node.primitive.name, node.shape, index.map((i: any) => i.key)); return r; };
await import("./scratch2.ts");
