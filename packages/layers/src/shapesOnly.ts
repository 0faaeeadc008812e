/** @file Recordings that are made for their shapes alone: nobody computes them, so they must not change state. */
let depth = 0;

/** Runs `record`, which applies layers to values that stand for shapes. */
export function shapesOnly<T>(record: () => T): T {
  depth++;
  try {
    return record();
  } finally {
    depth--;
  }
}

/** Whether what is running is such a recording. */
export const isShapesOnly = (): boolean => depth > 0;
