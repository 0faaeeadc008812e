/** Where many small pictures of numbers lie on one canvas. */

/** Equally large pictures in reading order. */
export interface Tiles {
  readonly width: number;
  readonly height: number;
  readonly pictures: readonly Float32Array[];
  /** Pictures in a row; as many as fit where it is left out. */
  readonly columns?: number;
  /** Largest side of one value, and the space between two pictures, in CSS pixels. */
  readonly side: number;
  readonly gap: number;
}

export interface Layout {
  readonly columns: number;
  readonly rows: number;
  /** Device pixels of one value, and between two pictures. */
  readonly cell: number;
  readonly gap: number;
}

/** Fits `tiles` into `room` device pixels; a value is never smaller than one of them. */
export function layOut(tiles: Tiles, room: number, scale: number): Layout {
  const count = tiles.pictures.length;
  const most = Math.max(1, Math.round(tiles.side * scale));
  const gap = Math.round(tiles.gap * scale);
  const fitting = Math.max(1, Math.floor((room + gap) / (tiles.width * most + gap)));
  // Rows of equal length: eight pictures where seven fit are two rows of four.
  const columns = tiles.columns ?? Math.ceil(count / Math.ceil(count / fitting));
  const cell = Math.min(most, Math.floor(((room + gap) / columns - gap) / tiles.width));
  return { columns, rows: Math.ceil(count / columns), cell: Math.max(1, cell), gap };
}
