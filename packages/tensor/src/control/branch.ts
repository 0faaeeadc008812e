/** @file Branches over functions of tensors: the common part of cond, switch and whileLoop. */
import { ShapeError, ValueError } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { typeText } from "../graph/shape.ts";
import { part } from "../primitives/bundle.ts";
import { at } from "../primitives/factory.ts";
import { refusePromise } from "../runtime/scope.ts";
import { Tensor, wrap } from "../tensor.ts";
import type { Tree } from "../tree.ts";
import { settleAssignment } from "../variable.ts";
import { capture } from "./body.ts";
import type { OpenBody } from "./bodyGradient.ts";
import { fillStructure, type Structure, structureOf } from "./loop.ts";
import { recordSwitch, uniteBranches } from "./switch.ts";
import { assignStates, type TracedBody, traceBody, valuesOutside } from "./trace.ts";

export interface BranchSpec {
  readonly where: string;
  /** An int32 scalar within range. */
  readonly index: Node;
  readonly branches: readonly ((...operands: unknown[]) => unknown)[];
  readonly operands: readonly Structure[];
}

type Traced = TracedBody<Tree>;

/** Runs the branch of the index: what the others would compute is not computed. */
export function runSwitch(spec: BranchSpec): unknown {
  const traced = traceBranches(spec);
  checkAlike(spec.where, traced);
  const [first] = traced as [Traced, ...Traced[]];
  for (const state of first.states) settleAssignment(state);
  const operands = spec.operands.flatMap(({ nodes }) => nodes);
  const united = uniteBranches([...operands, ...valuesOutside(first.states)], traced.map(branchOf));
  const node = recordSwitch(spec.index, united.bodies, united.operands);
  const results = first.outputs.map((_, i) => part(node, i));
  const states = first.states.map((_, i) => part(node, first.outputs.length + i));
  assignStates(first.states, states);
  return fillStructure(first.result, results, wrap);
}

/** All branches have the state that any of them assigns to. */
function traceBranches({ where, branches, operands }: BranchSpec): Traced[] {
  const types = operands.flatMap(({ nodes }) => nodes);
  let states: Traced["states"] = [];
  for (;;) {
    const traced = branches.map((branch) =>
      traceBody(
        where,
        types,
        (parameters) => {
          const result = refusePromise(where, branch(...argumentsOf(operands, parameters)));
          const { nodes, tree } = structureOf(where, "the result of a branch", result);
          return { outputs: nodes, result: tree };
        },
        states,
      ),
    );
    const all = [...new Set(traced.flatMap((one) => one.states))];
    if (all.length === states.length) return traced;
    states = all;
  }
}

function argumentsOf(operands: readonly Structure[], parameters: readonly Node[]): unknown[] {
  let next = 0;
  return operands.map(({ nodes, tree }) => {
    const own = parameters.slice(next, next + nodes.length);
    next += nodes.length;
    return fillStructure(tree, own, (node) => new Tensor(node));
  });
}

function branchOf({
  parameters,
  stateLeaves,
  outputs,
  stateValues,
  window,
  trace,
  foreign,
}: Traced): OpenBody {
  const leaves = [...parameters, ...stateLeaves];
  const windows = [window];
  const captured = capture({ leaves, outputs: [...outputs, ...stateValues], windows, foreign });
  return {
    leaves: [...leaves, ...captured.leaves],
    outputs: captured.outputs,
    outside: captured.outside,
    windows,
    traces: [trace],
  };
}

/** One result type, whichever branch runs. */
function checkAlike(where: string, traced: readonly Traced[]): void {
  const first = at(traced, 0);
  traced.forEach((one, i) => {
    if (one.result.shape !== first.result.shape) {
      throw new ValueError(where, "branches return different structures.", {
        received: `${one.result.shape} from branch ${i}, ${first.result.shape} from branch 0 (* is a value).`,
        expected: "the same nesting of tensors from every branch.",
        fix: "return the same structure from all of them.",
      });
    }
    const wrong = one.outputs.findIndex(({ shape, dtype }, k) => {
      const other = at(first.outputs, k);
      return shape !== other.shape || dtype !== other.dtype;
    });
    if (wrong < 0) return;
    const [is, was] = [at(one.outputs, wrong), at(first.outputs, wrong)];
    throw new ShapeError(where, "branches return values of different types.", {
      received: `${typeText(is.dtype, is.shape)} from branch ${i}, ${typeText(was.dtype, was.shape)} from branch 0 (value ${wrong}).`,
      expected: "equal shapes and dtypes from every branch.",
      fix: "convert with cast, reshape or broadcastTo.",
    });
  });
}
