/** @file The templates that have a WebAssembly form, by name; the others run their JavaScript. */
import type { EmitTemplate } from "../template.ts";

export const templateEmitters: Readonly<Record<string, EmitTemplate>> = {};
