/** @file A target with measured choices in place of the heuristics', and one that notes which choices a compilation asks for. */
import type { Target } from "../ir/device.ts";
import type { recurrentLaunch } from "../templates/recurrent.ts";
import { alternatives, problemOf } from "./alternatives.ts";

/** A choice that shapes the graph before there are kernels: its problem, what the heuristics take, and what else there is. */
export interface GraphChoice {
  readonly problem: string;
  readonly own: string;
  readonly others: readonly string[];
}

type Product = readonly [batch: number, m: number, n: number, k: number];

const splitProblem = (product: Product): string => `split ${product.join("x")}`;

type RecurrentLaunch = typeof recurrentLaunch;

const sequenceProblem = ([direction, gates, units, [batch, steps]]: Parameters<RecurrentLaunch>): string =>
  `sequence ${direction} ${gates}x${units} ${batch}x${steps}`;

/** Shortest partial sum worth a workgroup, and most outputs that leave a machine unfilled (256 workgroups of 32 x 32). */
const shortestPart = 128;
const unfilled = 256 * 32 * 32;

/** None, or about as many as the heuristics': equal parts of whole vectors, as the compiler cuts them. */
function splits([batch, m, n, k]: Product, own: number): string[] {
  if (batch * m * n > unfilled) return [];
  const around = [1, 2, 4, 8, 16, 32, 64].filter((parts) => parts <= 4 * own && own <= 4 * parts);
  const cuts = around.filter((parts) => k % (4 * parts) === 0 && k / parts >= shortestPart);
  return ["1", ...cuts.map(String)];
}

/** A whole number of parts of k, or null for anything else that a table may hold. */
function partsFrom(choice: string | undefined, k: number): number | null {
  const parts = Number(choice);
  return choice !== undefined && Number.isInteger(parts) && parts >= 1 && parts <= k ? parts : null;
}

/** The partial products that choices make are not to be cut again. */
function cutProducts(choices: ReadonlyMap<string, string>): Set<string> {
  const cut = new Set<string>();
  for (const [problem, choice] of choices) {
    const [, extents] = /^split ([\dx]+)$/.exec(problem) ?? [];
    const [batch = 0, m = 0, n = 0, k = 0] = (extents ?? "").split("x").map(Number);
    const parts = extents === undefined ? null : partsFrom(choice, k);
    if (parts) cut.add(splitProblem([batch * parts, m, n, k / parts]));
  }
  return cut;
}

/**
 * `target` with `choices` (in place of any earlier ones) before its heuristics. Names that no form of a kernel has are passed over, so
 * a table of another device or a broken record does no harm.
 *
 * @example device.target = tunedTarget(base, new Map([["split 1x64x64x4096", "8"]]));
 */
export function tunedTarget(target: Target, choices: ReadonlyMap<string, string>): Target {
  const base = target.untuned ?? target;
  const cut = cutProducts(choices);
  const gemmParts: Target["gemmParts"] = (...product) => {
    const problem = splitProblem(product);
    const chosen = partsFrom(choices.get(problem), product[3]);
    return chosen ?? (cut.has(problem) ? 1 : base.gemmParts(...product));
  };
  const launch: RecurrentLaunch = (...call) =>
    choices.get(sequenceProblem(call)) === "steps" ? null : base.templates.recurrentLaunch(...call);
  return {
    ...base,
    untuned: base,
    choices,
    gemmParts,
    templates: { ...base.templates, recurrentLaunch: launch },
    variantOf: (kernel, params) => {
      const choice = choices.get(problemOf(kernel, params));
      return choice === undefined ? kernel : (alternatives(kernel, params, base).get(choice) ?? kernel);
    },
  };
}

/** A product that was cut is asked for again, as its partial products. */
const isPartOf = ([batch, m, n, k]: Product, whole: Product): boolean =>
  batch > whole[0] && m === whole[1] && n === whole[2] && batch * k === whole[0] * whole[3];

/** `target`, and the choices that compilations for it have asked for so far. */
export function notingTarget(target: Target): { target: Target; asked: ReadonlyMap<string, GraphChoice> } {
  const asked = new Map<string, GraphChoice>();
  const note = (problem: string, own: string, others: readonly string[]): void => {
    const rest = [...new Set(others)].filter((other) => other !== own);
    if (rest.length > 0) asked.set(problem, { problem, own, others: rest });
  };
  let before: Product = [0, 0, 0, 0];
  const gemmParts: Target["gemmParts"] = (...product) => {
    const parts = target.gemmParts(...product);
    if (!isPartOf(product, before)) note(splitProblem(product), String(parts), splits(product, parts));
    before = product;
    return parts;
  };
  const launch: RecurrentLaunch = (...call) => {
    const launched = target.templates.recurrentLaunch(...call);
    if (launched && target.name === "webgpu") note(sequenceProblem(call), "whole", ["steps"]);
    return launched;
  };
  return {
    target: { ...target, gemmParts, templates: { ...target.templates, recurrentLaunch: launch } },
    asked,
  };
}
