/** @file Curves and images as lines of text, for any terminal that has Unicode. */

/** Dots of a Braille character, by column and row; its code is 0x2800 plus their sum. */
const dots = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
];

/**
 * A curve through equally spaced values.
 *
 * @param {readonly number[]} values
 * @param {{ title: string, width: number, height: number, range: readonly [number, number], label: (value: number) => string }} options
 *   `width` and `height` in characters, axis and labels not counted
 * @returns {string[]} title, `height` lines, axis and the numbers below it, all of one length
 */
export function drawCurve(values, { title, width, height, range: [low, high], label }) {
  const codes = curveDots(values, width, height, low, high);
  const labels = [label(high), ...Array(height - 2).fill(""), label(low)];
  const margin = Math.max(...labels.map((text) => text.length));
  const rows = codes.map((row, i) => {
    const tick = labels[i] === "" ? "│" : "┤";
    return `${labels[i].padStart(margin)} ${tick}${row.map(braille).join("")}`;
  });
  const last = String(values.length);
  const numbers = `1${values.length > 1 ? last.padStart(width - 1) : ""}`;
  const lines = [
    title,
    ...rows,
    `${" ".repeat(margin + 1)}└${"─".repeat(width)}`,
    `${" ".repeat(margin + 2)}${numbers}`,
  ];
  return lines.map((line) => line.padEnd(margin + 2 + width));
}

/** No dots are a space: some fonts show them as rings. */
const braille = (code) => (code === 0 ? " " : String.fromCharCode(0x2800 + code));

function curveDots(values, width, height, low, high) {
  const codes = Array.from({ length: height }, () => Array(width).fill(0));
  const lastRow = 4 * height - 1;
  const rowAt = (column) => {
    const value = valueAt(values, column / (2 * width - 1));
    const share = high > low ? (value - low) / (high - low) : 0;
    return Math.round(lastRow * (1 - Math.min(1, Math.max(0, share))));
  };
  for (let column = 0; column < 2 * width; column++) {
    // Steep parts stay a line: the column reaches to where the last one was.
    const ends = [rowAt(column), rowAt(Math.max(0, column - 1))];
    for (let row = Math.min(...ends); row <= Math.max(...ends); row++)
      codes[row >> 2][column >> 1] |= dots[column & 1][row & 3];
  }
  return codes;
}

/** The values as a function of the share of the way from the first to the last. */
function valueAt(values, share) {
  const place = share * (values.length - 1);
  const before = Math.floor(place);
  const after = Math.min(before + 1, values.length - 1);
  return values[before] + (place - before) * (values[after] - values[before]);
}

const shades = " ░▒▓█";

/**
 * A square image, two characters per pixel; sides above 16 are drawn at half their size.
 *
 * @param {ArrayLike<number>} pixels row by row
 * @param {number} white the value of full ink
 * @returns {string[]} lines of one length
 */
export function drawImage(pixels, side, white) {
  const block = side > 16 ? 2 : 1;
  const half = side / block;
  const inkAt = (row, column) => {
    let sum = 0;
    for (let i = 0; i < block * block; i++)
      sum += pixels[(row * block + Math.floor(i / block)) * side + column * block + (i % block)];
    return sum / (block * block * white);
  };
  return Array.from({ length: half }, (_, row) =>
    Array.from({ length: half }, (_, column) =>
      shades[Math.round(inkAt(row, column) * (shades.length - 1))].repeat(2),
    ).join(""),
  );
}

/** Blocks of lines side by side; each keeps the width of its longest line. */
export function sideBySide(blocks, gap = 3) {
  const widths = blocks.map((lines) => Math.max(...lines.map((line) => line.length)));
  const height = Math.max(...blocks.map((lines) => lines.length));
  return Array.from({ length: height }, (_, row) =>
    blocks
      .map((lines, i) => (lines[row] ?? "").padEnd(widths[i]))
      .join(" ".repeat(gap))
      .trimEnd(),
  );
}
