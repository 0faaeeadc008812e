/** @file Computes the steps of scalar code, each once in the loop that it belongs to. */
import type { Value } from "./assembler.ts";
import { type BodyContext, stageKey } from "./context.ts";
import { loadIndexed } from "./places.ts";
import { pushAxis, pushOperation, stepValue } from "./values.ts";

/** Computes a step whose operands are known, for each vector of lanes if they differ; `isLast`: in the last phase, which reads what was kept. */
export function compute(context: BodyContext, id: number, isLast: boolean): void {
  const { op, value = 0, dtype } = context.spec.code[id]!;
  const { values } = context.scope;
  const kept = isLast && context.kept.get(id);
  const push: Value = () => {
    if (kept) loadIndexed(context, kept.range, kept.index, dtype);
    else pushStep(context, id);
  };
  if (op === "stage") {
    const stage = context.find((scope) => scope.values.get(stageKey(value)));
    if (stage) values.set(id, stage);
    return;
  }
  const made: Value[] = [];
  if (context.isVarying(id)) context.forCopies(() => made.push(context.f.let(push)));
  else made.push(context.f.let(push));
  values.set(id, made);
}

function pushStep(context: BodyContext, id: number): void {
  const { f, frame, spec } = context;
  const { op, args, value = 0, dtype } = spec.code[id]!;
  if (op === "axis") pushAxis(context, value);
  else if (op === "param") frame.param(value)(f);
  else if (op === "load") loadIndexed(context, spec.bindings[value]!, args[0]!, dtype);
  else if (op === "acc") loadIndexed(context, spec.accumulator!.range, spec.accumulator!.form, dtype);
  else
    pushOperation(
      context,
      id,
      args.map((arg) => stepValue(context, arg)),
    );
}
