/** @file All layers. */
export { Layer } from "../layer.ts";
export { Dense, type DenseOptions } from "./dense.ts";
