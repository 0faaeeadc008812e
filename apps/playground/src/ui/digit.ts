/** From pen strokes to the 8 x 8 pixels of the UCI digits: fit into 32 x 32, then count ink in 4 x 4 blocks. */

export interface PenPoint {
  readonly x: number;
  readonly y: number;
}

export type Stroke = readonly PenPoint[];

const fine = 32;
const coarse = 8;
const block = fine / coarse;
/**
 * Half a pen's width in fine pixels. Ten drawn digits come nearest to rows of the data set with 2.6 to 3.0 (sum of
 * squared distances 15 and 16, against 19 with 2.2 and 20 with 3.4), and have its mean ink, 19.5 of 64.
 */
const penRadius = 2.7;
/** A dot or a hair line is not blown up to the whole picture: at least this share of the drawing area counts. */
const smallestBox = 0.25;

type Line = readonly [x1: number, y1: number, x2: number, y2: number];

function linesOf(strokes: readonly Stroke[], place: (point: PenPoint) => readonly [number, number]): Line[] {
  return strokes.flatMap((stroke) => {
    const points = stroke.map(place);
    return points.map((point, index): Line => [...(points[Math.max(0, index - 1)] ?? point), ...point]);
  });
}

/** Moves the strokes' bounding box to the middle of the fine grid and scales its longer side to fill it. */
function centred(strokes: readonly Stroke[]): Line[] {
  const points = strokes.flat();
  const xs = points.map(({ x }) => x);
  const ys = points.map(({ y }) => y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const scale = (fine - 2 * penRadius) / Math.max(right - left, bottom - top, smallestBox);
  const place = ({ x, y }: PenPoint) =>
    [fine / 2 + (x - (left + right) / 2) * scale, fine / 2 + (y - (top + bottom) / 2) * scale] as const;
  return linesOf(strokes, place);
}

function squaredDistance(x: number, y: number, [x1, y1, x2, y2]: Line): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = dx * dx + dy * dy;
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / length));
  return (x - x1 - share * dx) ** 2 + (y - y1 - share * dy) ** 2;
}

/** 64 values in [0, 1] for strokes given in [0, 1] x [0, 1], y downwards; null where nothing is drawn. */
export function toPixels(strokes: readonly Stroke[]): Float32Array | null {
  if (strokes.every((stroke) => stroke.length === 0)) return null;
  const lines = centred(strokes);
  const pixels = new Float32Array(coarse * coarse);
  for (let row = 0; row < fine; row++) {
    for (let column = 0; column < fine; column++) {
      const inked = lines.some((line) => squaredDistance(column + 0.5, row + 0.5, line) <= penRadius ** 2);
      const at = Math.floor(row / block) * coarse + Math.floor(column / block);
      if (inked) pixels[at] = (pixels[at] as number) + 1 / block ** 2;
    }
  }
  return pixels;
}
