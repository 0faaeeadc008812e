/** Plain arrays with a shape, as the library takes them. */

export interface ArrayData {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** All numbers of `parts`, one part after the other. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
