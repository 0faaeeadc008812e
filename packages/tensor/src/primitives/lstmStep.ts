/** @file One step of an LSTM and of its gradient, as loops over steps run them: a kernel each on a GPU. */
import { type Node, type Primitive, record } from "../graph/node.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { bundle, part } from "./bundle.ts";
import { matmul } from "./contraction.ts";
import { at } from "./factory.ts";
import { where } from "./logic.ts";
import { sigmoid, tanh } from "./math.ts";
import { concat, reshape } from "./movement.ts";
import { gates, vjpThrough, zero } from "./recurrent.ts";
import { constant, fill } from "./source.ts";

/** Batch and units of states [batch, units]. */
const extentsOf = (states: Node): [number, number] => states.shape as unknown as [number, number];

const asColumn = (mask: Node): Node => reshape(mask, [mask.shape.size, 1]);

/** Inputs z, h, c, wh, mask [batch]; results h', c' and the gates' values. */
function step(inputs: readonly Node[]): readonly Node[] {
  const [z, h, before, wh, mask] = inputs as unknown as [Node, Node, Node, Node, Node];
  const [, units] = extentsOf(h);
  const all = add(z, matmul(h, wh));
  const [i, f, o] = [0, 1, 3].map((gate) => sigmoid(gates(all, units, gate))) as [Node, Node, Node];
  const g = tanh(gates(all, units, 2));
  const c = add(mul(f, before), mul(i, g));
  const counts = asColumn(mask);
  return [where(counts, mul(o, tanh(c)), h), where(counts, c, before), concat([i, f, g, o], 1)];
}

/** Inputs G, c, the cell before, two terms each of dh and dc, mask [batch]; results dZ and the cotangent of the cell before. */
function slopes(inputs: readonly Node[]): readonly Node[] {
  const [G, c, before] = inputs as unknown as [Node, Node, Node];
  const [dh, dc] = [add(at(inputs, 3), at(inputs, 4)), add(at(inputs, 5), at(inputs, 6))];
  const mask = at(inputs, 7);
  const [, units] = extentsOf(c);
  const [i, f, g, o] = [0, 1, 2, 3].map((gate) => gates(G, units, gate)) as [Node, Node, Node, Node];
  const one = constant(1);
  const rest = (x: Node): Node => mul(x, sub(one, x));
  const output = tanh(c);
  const slope = add(dc, mul(mul(dh, o), sub(one, mul(output, output))));
  const all = [
    mul(mul(slope, g), rest(i)),
    mul(mul(slope, before), rest(f)),
    mul(mul(slope, i), sub(one, mul(g, g))),
    mul(mul(dh, output), rest(o)),
  ];
  const counts = asColumn(mask);
  return [where(counts, concat(all, 1), zero()), where(counts, mul(slope, f), dc)];
}

const typeOf = ({ shape, dtype }: Node) => ({ shape, dtype });

export const lstmStepPrimitive: Primitive = /*#__PURE__*/ bundle("lstmStep", {
  results: ([z, h, c]) => [typeOf(h as Node), typeOf(c as Node), typeOf(z as Node)],
  decompose: step,
  vjp: /*#__PURE__*/ vjpThrough(step),
  template: ([, h], _, target) => {
    const [batch, units] = extentsOf(h as Node);
    const launch = target.templates.lstmStepLaunch(batch, units, target);
    return launch && { template: target.templates.lstmStepTemplate, params: [batch, units], ...launch };
  },
});

export const lstmSlopesPrimitive: Primitive = /*#__PURE__*/ bundle("lstmSlopes", {
  results: ([G, c]) => [typeOf(G as Node), typeOf(c as Node)],
  decompose: slopes,
  vjp: /*#__PURE__*/ vjpThrough(slopes),
  template: ([, c], _, target) => {
    const [batch, units] = extentsOf(c as Node);
    const launch = target.templates.lstmSlopesLaunch(batch, units, target);
    return launch && { template: target.templates.lstmSlopesTemplate, params: [batch, units], ...launch };
  },
});

/** A mask [batch, 1] as the operand [batch]; true everywhere where there is none. */
function maskRow(mask: Node | null | undefined, like: Node): Node {
  const [batch] = extentsOf(like);
  return mask ? reshape(mask, [batch]) : fill(1, [batch], "bool");
}

/** The states after a step and the gates' values. */
export function lstmStep(z: Node, [h, c]: readonly [Node, Node], wh: Node, mask: Node | null | undefined) {
  const all = record(lstmStepPrimitive, [z, h, c, wh, maskRow(mask, h)]);
  return { h: part(all, 0), c: part(all, 1), G: part(all, 2) };
}

/** Cotangents of the gates' arguments and of the cell before. */
export function lstmSlopes(operands: readonly Node[], mask: Node | null | undefined) {
  const all = record(lstmSlopesPrimitive, [...operands, maskRow(mask, at(operands, 1))]);
  return { dZ: part(all, 0), dc: part(all, 1) };
}
