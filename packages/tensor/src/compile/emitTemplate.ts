/** @file A template group to a kernel call: operands as scalar code at a linear position, results in memory. */
import type { Call, Operand, TemplateKernel, TemplateOperand } from "@tenrec/kernels";
import type { Node, TemplateCall } from "../graph/node.ts";
import { reshapeIndex } from "../primitives/reshapeIndex.ts";
import { type Affine, axisAffine, constantAffine } from "./affine.ts";
import { type BindingTable, bindValues, type Use } from "./bindings.ts";
import { CodeWriter, ParamTable, usesOf } from "./code.ts";
import { type EmitContext, finishCall } from "./emitLoop.ts";
import { type Group, loopGroup } from "./group.ts";
import { Lanes } from "./lanes.ts";
import { Lowering } from "./lower.ts";
import { shifted } from "./turn.ts";

/** The axis that operands' code is written over: the row-major position. */
const positionAxis = 0;

interface OperandDraft {
  readonly lowering: Lowering;
  readonly value: number;
  readonly laneAxis: number | null;
  readonly size: number;
}

export function emitTemplate(group: Group, isStored: (node: Node) => boolean, context: EmitContext): Call {
  const { node, results } = group.call as NonNullable<Group["call"]>;
  const call = group.call?.template as TemplateCall;
  const { template, constants, workgroupSize } = call;
  const inputs = node.inputs.map((input, i) =>
    operandDraft(input, template.inputs[i] as TemplateOperand, isStored, context),
  );
  const uses: Use[] = [
    ...inputs.flatMap((o) => usesOf(lanesOf(o), [o.value], [])),
    ...results.map((result, i): Use => {
      const isWide = takesLanes(result, template.outputs[i] as TemplateOperand, context);
      return { node: result, mode: "write", vector: isWide };
    }),
  ];
  const table = bindValues(uses, context.placeOf, context.bufferBytes);
  const params = new ParamTable();
  for (const word of call.params) params.add(word, "int32");
  const operands = inputs.map((operand) => writeOperand(operand, table, params, context));
  const outputs = results.map((result) => {
    const { binding, offset, vector } = table.access(result);
    const size = params.add(result.shape.size, "int32");
    const shift = writeShift(result, table, params, context);
    const word = offset === 0 ? null : params.add(offset, "int32");
    return { binding, offset: word, ...(shift ? { shift } : {}), vector, size };
  });
  const kernel: TemplateKernel = {
    form: "template",
    label: template.name,
    template,
    constants,
    workgroupSize,
    inputs: operands,
    outputs,
    bindings: table.bindings,
    numOwnParams: call.params.length,
    numParams: params.words.length,
  };
  return finishCall(kernel, params, table.ranges, call.workgroups);
}

const lanesOf = ({ lowering, laneAxis }: OperandDraft): Lanes => new Lanes(lowering.expressions, laneAxis);

const takesLanes = (node: Node, { lanes }: TemplateOperand, { target }: EmitContext): boolean =>
  target.lanes === 4 && lanes === 4 && node.shape.size % 4 === 0;

/** The element at a row-major position; four at a time where memory and the template allow. */
function operandDraft(
  input: Node,
  operand: TemplateOperand,
  isStored: (node: Node) => boolean,
  context: EmitContext,
): OperandDraft {
  const lowering = new Lowering(loopGroup([]), isStored);
  const { size } = input.shape;
  const position = size === 1 ? constantAffine(0) : axisAffine(positionAxis, size);
  const value = lowering.value(input, reshapeIndex(lowering, input.shape, [size], [position]) as Affine[]);
  const { op, affine } = lowering.expressions.at(value);
  const isWide =
    takesLanes(input, operand, context) &&
    op === "load" &&
    new Lanes(lowering.expressions, positionAxis).isVector(affine as Affine);
  return { lowering, value, laneAxis: isWide ? positionAxis : null, size };
}

/** Where a result moves from iteration to iteration: the code of its shift. */
function writeShift(
  result: Node,
  table: BindingTable,
  params: ParamTable,
  context: EmitContext,
): Pick<Operand, "code" | "value"> | null {
  const shift = shifted(result, constantAffine(0));
  if (shift.key === constantAffine(0).key) return null;
  const lowering = new Lowering(loopGroup([]), () => true);
  const index = lowering.expressions.add({ op: "index", dtype: "int32", args: [], affine: shift });
  const writer = new CodeWriter(
    new Lanes(lowering.expressions, null),
    params,
    table.access,
    context.scalarOf,
  );
  writer.write([index], []);
  return { code: writer.code, value: writer.idOf(index) };
}

function writeOperand(
  operand: OperandDraft,
  table: BindingTable,
  params: ParamTable,
  context: EmitContext,
): TemplateKernel["inputs"][number] {
  const { value, laneAxis, size } = operand;
  const writer = new CodeWriter(lanesOf(operand), params, table.access, context.scalarOf);
  writer.write([value], []);
  const id = writer.idOf(value);
  const vector = laneAxis !== null && writer.code[id]?.access === "vector";
  return { code: writer.code, value: id, vector, size: params.add(size, "int32") };
}
