/** @file Shapes: interned arrays of extents (identity is equality) with sizes and row-major strides. */

/** An interned, frozen list of extents. Two equal shapes are the same object. */
export interface Shape extends ReadonlyArray<number> {
  /** Small integer unique to this shape. */
  readonly id: number;
  /** Number of elements. */
  readonly size: number;
}

/** Shapes by their extents, an axis a level: looking one up makes no text. */
interface Branch {
  shape: Shape | null;
  readonly longer: Map<number, Branch>;
}

const interned: Branch = { shape: null, longer: /*#__PURE__*/ new Map() };
let numShapes = 0;

/** The one Shape object with these extents. */
export function shapeOf(extents: readonly number[]): Shape {
  if ("id" in extents) return extents as Shape;
  let branch = interned;
  for (let axis = 0; axis < extents.length; axis++) branch = longer(branch, extents[axis] as number);
  branch.shape ??= newShape(extents);
  return branch.shape;
}

function longer(branch: Branch, extent: number): Branch {
  let next = branch.longer.get(extent);
  if (!next) {
    next = { shape: null, longer: new Map() };
    branch.longer.set(extent, next);
  }
  return next;
}

function newShape(extents: readonly number[]): Shape {
  const size = extents.reduce((a, b) => a * b, 1);
  // Not enumerable: a shape compares equal to a plain array of its extents.
  const properties = { id: { value: numShapes++ }, size: { value: size } };
  return Object.freeze(Object.defineProperties([...extents], properties)) as unknown as Shape;
}

/** Row-major strides in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] as number;
  }
  return strides;
}

/** NumPy broadcasting of two shapes, or null where they do not fit. */
export function broadcastShapes(a: readonly number[], b: readonly number[]): Shape | null {
  if (a === b) return shapeOf(a);
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const x = a[a.length - i] ?? 1;
    const y = b[b.length - i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return null;
    out[rank - i] = x === 1 ? y : x;
  }
  return shapeOf(out);
}

/** `float32[2,3]`, the way types print in messages. */
export function typeText(dtype: string, shape: readonly number[]): string {
  return `${dtype}[${shape.join(",")}]`;
}
