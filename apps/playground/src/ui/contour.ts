/** Lines along which a sampled field takes one value (marching squares). */

/** One piece of a line, in units of grid cells; sample (column, row) stands at its integer place. */
export type Segment = readonly [x1: number, y1: number, x2: number, y2: number];

/** The level's line within one cell, as crossings of its edges taken around the cell. */
function cell(
  column: number,
  row: number,
  corners: readonly [number, number, number, number],
  level: number,
): Segment[] {
  const [a, b, c, d] = corners;
  const crossings: (readonly [number, number])[] = [];
  const cross = (from: number, to: number, place: (share: number) => readonly [number, number]) => {
    if (from < level !== to < level) crossings.push(place((level - from) / (to - from)));
  };
  cross(a, b, (share) => [column + share, row]);
  cross(b, c, (share) => [column + 1, row + share]);
  cross(d, c, (share) => [column + share, row + 1]);
  cross(a, d, (share) => [column, row + share]);
  const segments: Segment[] = [];
  for (let index = 0; index + 1 < crossings.length; index += 2) {
    const [from, to] = [crossings[index], crossings[index + 1]] as [
      readonly [number, number],
      readonly [number, number],
    ];
    segments.push([...from, ...to]);
  }
  return segments;
}

/** The contour of `field`, a size x size grid row by row, at `level`. */
export function contour(field: Float32Array, size: number, level: number): Segment[] {
  const at = (column: number, row: number) => field[row * size + column] as number;
  const segments: Segment[] = [];
  for (let row = 0; row + 1 < size; row++) {
    for (let column = 0; column + 1 < size; column++) {
      const right = column + 1;
      const below = row + 1;
      segments.push(
        ...cell(column, row, [at(column, row), at(right, row), at(right, below), at(column, below)], level),
      );
    }
  }
  return segments;
}
