/** @file The templates that have a WebAssembly form, by name; the others run their JavaScript. */
import type { EmitTemplate } from "../template.ts";
import { emitBias, emitKeys, emitQueries } from "./attentionBackward.ts";
import { emitForward } from "./attentionForward.ts";

export const templateEmitters: Readonly<Record<string, EmitTemplate>> = {
  attentionForward: emitForward,
  attentionQueries: emitQueries,
  attentionKeys: emitKeys,
  attentionBias: emitBias,
};
