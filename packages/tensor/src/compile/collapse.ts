/** @file Neighbouring loop axes that every access walks as one become one axis: a contiguous kernel needs no index recovery. */
import { type Affine, axisAffine, constantAffine, mapAffine, type SymbolMap } from "./affine.ts";
import { type DraftStage, type DraftStore, ExpressionList } from "./expression.ts";
import type { LoopAxis } from "./lower.ts";

export interface LoopDraft {
  readonly axes: readonly LoopAxis[];
  readonly expressions: ExpressionList;
  readonly stages: readonly DraftStage[];
  readonly stores: readonly DraftStore[];
}

/** Only the expressions that stages and stores need, with axes merged as far as they go. */
export function collapseAxes(draft: LoopDraft): LoopDraft {
  let current = rebuild(draft, draft.axes, identity(draft.axes));
  for (let outer = current.axes.length - 2; outer >= 0; outer--) {
    if (canMerge(current, outer)) current = merge(current, outer);
  }
  return current;
}

function identity(axes: readonly LoopAxis[]): Affine[] {
  return axes.map(({ extent }, axis) => axisAffine(axis, extent));
}

function canMerge({ axes, expressions, stores }: LoopDraft, outer: number): boolean {
  const [a, b] = [axes[outer] as LoopAxis, axes[outer + 1] as LoopAxis];
  if (a.inner !== b.inner) return false;
  const affines = expressions.list.flatMap((e) => (e.affine ? [e.affine] : []));
  return [...affines, ...stores.map((s) => s.affine)].every((affine) => walksAsOne(affine, outer, b.extent));
}

function walksAsOne(affine: Affine, outer: number, extent: number): boolean {
  if (affine.factorOf(outer) !== affine.factorOf(outer + 1) * extent) return false;
  return affine.terms.every(({ symbol }) => !("of" in symbol) || walksAsOne(symbol.of, outer, extent));
}

function merge(draft: LoopDraft, outer: number): LoopDraft {
  const [a, b] = [draft.axes[outer] as LoopAxis, draft.axes[outer + 1] as LoopAxis];
  const merged: LoopAxis = { extent: a.extent * b.extent, inner: a.inner };
  const axes = [...draft.axes.slice(0, outer), merged, ...draft.axes.slice(outer + 2)];
  const moved = draft.axes.map((_, axis) => {
    if (axis === outer) return constantAffine(0);
    const target = axis > outer ? axis - 1 : axis;
    return axisAffine(target, (axes[target] as LoopAxis).extent);
  });
  return rebuild(draft, axes, moved);
}

function rebuild(draft: LoopDraft, axes: readonly LoopAxis[], moved: readonly Affine[]): LoopDraft {
  const expressions = new ExpressionList();
  const ids = new Map<number, number>();
  const map: SymbolMap = {
    axis: (axis) => moved[axis] as Affine,
    value: (id) => ids.get(id) as number,
  };
  const roots = [...draft.stages.map((s) => s.value), ...draft.stores.map((s) => s.value)];
  for (const id of draft.expressions.reachable(roots)) {
    const { args, affine, ...rest } = draft.expressions.at(id);
    const mapped = args.map((arg) => ids.get(arg) as number);
    ids.set(
      id,
      expressions.add({ ...rest, args: mapped, ...(affine ? { affine: mapAffine(affine, map) } : {}) }),
    );
  }
  return {
    axes,
    expressions,
    stages: draft.stages.map((s) => ({ ...s, value: ids.get(s.value) as number })),
    stores: draft.stores.map((s) => ({
      ...s,
      value: ids.get(s.value) as number,
      affine: mapAffine(s.affine, map),
    })),
  };
}
