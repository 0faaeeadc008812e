/** Painting the decision picture: regions by probability, the undecided line, points by shape and colour, an axis frame. */

import type { Palette } from "../ui/colours.ts";
import { diverging } from "../ui/colours.ts";
import { contour } from "../ui/contour.ts";
import type { Built, PlaneWindow, Rows, Snapshot } from "../worker/protocol.ts";

type Boundary = NonNullable<Snapshot["boundary"]>;

export interface Scene {
  readonly built: Built;
  readonly boundary: Boundary | undefined;
  readonly showValidation: boolean;
  readonly palette: Palette;
}

/** CSS pixels around the picture for the axis figures. */
const margin = { left: 32, bottom: 20, top: 6, right: 6 };

interface Frame {
  readonly left: number;
  readonly top: number;
  readonly side: number;
  readonly window: PlaneWindow;
}

/** Probability of class B at each grid point. */
function fieldOf({ size, classes, probabilities }: Boundary): Float32Array {
  return Float32Array.from(
    { length: size * size },
    (_, index) => probabilities[index * classes + 1] as number,
  );
}

function regionImage(field: Float32Array, size: number, palette: Palette): OffscreenCanvas {
  const image = new ImageData(size, size);
  field.forEach((share, index) => {
    image.data.set([...diverging(share, palette), 255], index * 4);
  });
  const canvas = new OffscreenCanvas(size, size);
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas;
}

function paintRegions(
  context: CanvasRenderingContext2D,
  frame: Frame,
  boundary: Boundary,
  palette: Palette,
): void {
  const { left, top, side } = frame;
  const { size } = boundary;
  const field = fieldOf(boundary);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(regionImage(field, size, palette), left, top, side, side);
  const place = (value: number) => ((value + 0.5) / size) * side;
  context.beginPath();
  for (const [x1, y1, x2, y2] of contour(field, size, 0.5)) {
    context.moveTo(left + place(x1), top + place(y1));
    context.lineTo(left + place(x2), top + place(y2));
  }
  context.strokeStyle = palette.ink;
  context.lineWidth = 1.25;
  context.stroke();
}

/** Class A is a disc, class B a square; held-out points are hollow and larger. */
function shape(context: CanvasRenderingContext2D, x: number, y: number, kind: number, radius: number): void {
  context.beginPath();
  if (kind === 0) context.arc(x, y, radius, 0, 2 * Math.PI);
  else context.rect(x - radius * 0.9, y - radius * 0.9, radius * 1.8, radius * 1.8);
}

function paintPoints(
  context: CanvasRenderingContext2D,
  frame: Frame,
  rows: Rows,
  palette: Palette,
  hollow: boolean,
) {
  const { left, top, side, window } = frame;
  rows.y.forEach((kind, index) => {
    const x = left + ((((rows.x[2 * index] as number) - window.x) / window.half + 1) / 2) * side;
    const y = top + ((1 - ((rows.x[2 * index + 1] as number) - window.y) / window.half) / 2) * side;
    const mark = palette.marks[kind] as string;
    shape(context, x, y, kind, hollow ? 4 : 3);
    context.fillStyle = hollow ? palette.surface : mark;
    context.strokeStyle = hollow ? mark : palette.surface;
    context.lineWidth = hollow ? 1.75 : 1;
    context.fill();
    context.stroke();
  });
}

/** Distance of the figures on an axis: the largest of 0.2, 0.5, 1, 2, 5... that gives at least two on each side. */
function tickStep(half: number): number {
  const power = 10 ** Math.floor(Math.log10(half));
  return [5, 2, 1, 0.5, 0.2].map((share) => share * power).find((step) => half / step >= 2) ?? power / 5;
}

/** Round values within middle - half ... middle + half, clear of the corners. */
function ticks(middle: number, half: number): number[] {
  const step = tickStep(half);
  const [first, last] = [Math.ceil((middle - 0.96 * half) / step), Math.floor((middle + 0.96 * half) / step)];
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

const tickText = (value: number) => String(Number(value.toPrecision(3))).replace("-", "\u2212");

function paintAxes(
  context: CanvasRenderingContext2D,
  { left, top, side, window }: Frame,
  palette: Palette,
): void {
  context.strokeStyle = palette.line;
  context.lineWidth = 1;
  context.strokeRect(left - 0.5, top - 0.5, side + 1, side + 1);
  context.fillStyle = palette.muted;
  context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const share = (value: number, middle: number) => ((value - middle) / window.half + 1) / 2;
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const value of ticks(window.x, window.half)) {
    context.fillText(tickText(value), left + share(value, window.x) * side, top + side + 6);
  }
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const value of ticks(window.y, window.half)) {
    context.fillText(tickText(value), left - 6, top + (1 - share(value, window.y)) * side);
  }
}

/** Paints the whole picture on a square canvas of `width` CSS pixels. */
export function paintBoundary(canvas: HTMLCanvasElement, width: number, scene: Scene): void {
  const { built, boundary, palette, showValidation } = scene;
  const scale = Math.max(1, devicePixelRatio);
  const side = width - margin.left - margin.right;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round((side + margin.top + margin.bottom) * scale);
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.scale(scale, scale);
  const frame = { left: margin.left, top: margin.top, side, window: built.window };
  if (boundary !== undefined) paintRegions(context, frame, boundary, palette);
  paintAxes(context, frame, palette);
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, side, side);
  context.clip();
  paintPoints(context, frame, built.train, palette, false);
  if (showValidation) paintPoints(context, frame, built.validation, palette, true);
  context.restore();
}
