/** @file Gradients of functions: grad, valueAndGrad, vjp, jvp, jacobian, hessian, customGradient, stopGradient. */
import { ShapeError } from "../graph/errors.ts";
import { type Node, newestId } from "../graph/node.ts";
import { typeText } from "../graph/shape.ts";
import {
  customGradient as customGradientNode,
  stopGradient as identityNode,
  stopGradient as stopGradientNode,
} from "../primitives/gradientControl.ts";
import { fill } from "../primitives/source.ts";
import { type TensorLike, toNode, useNode } from "../runtime/handles.ts";
import { nodesHandleFree, refusePromise } from "../runtime/scope.ts";
import { Tensor, wrap } from "../tensor.ts";
import { closeWith, History } from "./history.ts";
import { jacobianNode } from "./jacobian.ts";
import { vjp as walk } from "./vjp.ts";

type TensorFunction = (...args: Tensor[]) => Tensor;

interface Recorded {
  readonly inputs: readonly Node[];
  readonly output: Node;
  gradient(cotangent: Node): readonly (Node | null)[];
  /** What the call computed from; once it is closed no gradient can be taken. */
  readonly history: History;
}

/** Calls the function on fresh identities of its arguments, so that only what happens inside counts. */
function recordCall(where: string, fn: TensorFunction, args: readonly TensorLike[]): Recorded {
  const history = new History();
  const inputs = args.map((arg) => freshIdentity(toNode(arg)));
  const output = history.during(() =>
    useNode(refusePromise(where, fn(...inputs.map((node) => new Tensor(node))))),
  );
  const gradient = (cotangent: Node) =>
    nodesHandleFree(() =>
      walk([output], [cotangent], inputs, {
        enters: (node) => history.covers(node),
        inputsOf: (node) => node.inputs,
      }),
    );
  return { inputs, output, gradient, history };
}

// The gradient of an outer function flows through: an identity whose own rule passes the cotangent on.
const freshIdentity = (node: Node): Node =>
  customGradientNode([node], identityNode(node), (cotangent) => [cotangent]);

function requireScalar(where: string, output: Node): void {
  if (output.shape.size === 1) return;
  throw new ShapeError(where, "the function's result is not a scalar.", {
    received: `${typeText(output.dtype, output.shape)}.`,
    expected: "a tensor of size 1.",
    fix: "reduce it with ops.mean or ops.sum, or use jacobian.",
  });
}

const ones = (node: Node): Node => fill(1, node.shape, node.dtype);
const orZeros = (part: Node | null, like: Node): Tensor => wrap(part ?? fill(0, like.shape, like.dtype));

/**
 * Value and gradients of a scalar function of tensors.
 *
 * @returns a function giving `[value, gradients]`: one gradient for one argument, else a list. Unconnected arguments give zeros.
 * @throws ShapeError if the result is not a scalar.
 * @example
 * const [y, dy] = valueAndGrad((x) => ops.sum(ops.square(x)))(tensor([1, 2]));
 */
export function valueAndGrad(fn: TensorFunction): (...args: TensorLike[]) => [Tensor, Tensor | Tensor[]] {
  return (...args) => {
    const call = recordCall("valueAndGrad", fn, args);
    requireScalar("valueAndGrad", call.output);
    const found = call.gradient(ones(call.output));
    call.history.close();
    const parts = found.map((part, i) => orZeros(part, call.inputs[i] as Node));
    return [wrap(call.output), parts.length === 1 ? (parts[0] as Tensor) : parts];
  };
}

/**
 * Gradient of a scalar function of one tensor.
 *
 * @example
 * await grad((x) => ops.square(x))(tensor(3)).item(); // 6
 */
export function grad(fn: TensorFunction): (...args: TensorLike[]) => Tensor {
  const both = valueAndGrad(fn);
  return (...args) => {
    const [, found] = both(...args);
    return Array.isArray(found) ? (found[0] as Tensor) : found;
  };
}

/**
 * Value and the function from a cotangent of the result to those of the arguments (zeros where unconnected). What the function computed
 * from is kept for as long as that function lives.
 */
export function vjp(
  fn: TensorFunction,
  ...args: TensorLike[]
): [Tensor, (cotangent: TensorLike) => Tensor[]] {
  const call = recordCall("vjp", fn, args);
  const pull = (cotangent: TensorLike) =>
    call
      .gradient(toNode(cotangent, call.output.dtype))
      .map((part, i) => orZeros(part, call.inputs[i] as Node));
  closeWith(pull, call.history);
  return [wrap(call.output), pull];
}

/** Value and directional derivative along `tangents`: a vjp of a vjp. */
export function jvp(
  fn: TensorFunction,
  args: readonly TensorLike[],
  tangents: readonly TensorLike[],
): [Tensor, Tensor] {
  const call = recordCall("jvp", fn, args);
  const from = newestId();
  const cotangent = customGradientNode([ones(call.output)], ones(call.output), (c) => [c]);
  const pulled = call.gradient(cotangent);
  const to = newestId();
  const directions = tangents.map((tangent) => toNode(tangent, "float32"));
  const connected = pulled.flatMap((part, i) => (part ? [{ part, direction: directions[i] as Node }] : []));
  const [result] = nodesHandleFree(() =>
    walk(
      connected.map(({ part }) => part),
      connected.map(({ direction }) => direction),
      [cotangent],
      { enters: (node) => node.id > from && node.id <= to, inputsOf: (node) => node.inputs },
    ),
  );
  call.history.close();
  return [wrap(call.output), orZeros(result ?? null, call.output)];
}

/** Jacobian of a function of one tensor: shape [...result.shape, ...x.shape]. */
export function jacobian(fn: TensorFunction): (x: TensorLike) => Tensor {
  return (x) => {
    const call = recordCall("jacobian", fn, [x]);
    const node = jacobianNode(call.output, (cotangent) => call.gradient(cotangent)[0] ?? null);
    call.history.close();
    const input = call.inputs[0] as Node;
    return wrap(node ?? fill(0, [...call.output.shape, ...input.shape], "float32"));
  };
}

/** Second derivatives of a scalar function of one tensor: shape [...x.shape, ...x.shape]. */
export function hessian(fn: TensorFunction): (x: TensorLike) => Tensor {
  return jacobian(grad(fn));
}

/** x itself, constant to every gradient. */
export function stopGradient(x: TensorLike): Tensor {
  return wrap(stopGradientNode(toNode(x)));
}

/**
 * A function with a gradient of your own: `fn` returns its value and the function from the cotangent to the arguments' cotangents.
 *
 * @example
 * const clipped = customGradient((x) => ({ value: x, gradient: (g) => ops.clip(g, -1, 1) }));
 */
export function customGradient(
  fn: (...args: Tensor[]) => {
    value: Tensor;
    gradient: (cotangent: Tensor) => Tensor | readonly (Tensor | null)[];
  },
): (...args: TensorLike[]) => Tensor {
  return (...args) => {
    const inputs = args.map((arg) => toNode(arg));
    const { value, gradient } = refusePromise(
      "customGradient",
      fn(...inputs.map((node) => new Tensor(node))),
    );
    const rule = (cotangent: Node) => {
      const found = gradient(new Tensor(cotangent));
      return (Array.isArray(found) ? found : [found]).map((part: Tensor | null) => part && useNode(part));
    };
    return wrap(customGradientNode(inputs, useNode(value), rule));
  };
}
