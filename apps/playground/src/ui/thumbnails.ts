/** Small pictures of the data sets for the picker: a few points of each formula, a digit for the images. */

import { html, type SVGTemplateResult, svg, type TemplateResult } from "lit";
import type { DataSet, PointSet } from "../project/project.ts";

type Place = readonly [x: number, y: number];

const turn = 2 * Math.PI;

/** Where point `t` in [0, 1) of class `kind` lies, in [-1, 1]. */
const places: Readonly<Record<PointSet, (t: number, kind: number) => Place>> = {
  spiral: (t, kind) => {
    const angle = 1.4 * turn * t + kind * Math.PI;
    return [(0.1 + 0.85 * t) * Math.sin(angle), (0.1 + 0.85 * t) * Math.cos(angle)];
  },
  moons: (t, kind) => {
    const side = kind === 0 ? 1 : -1;
    return [side * (0.6 * Math.cos(Math.PI * t) - 0.28), side * (0.25 - 0.85 * Math.sin(Math.PI * t))];
  },
  circles: (t, kind) => {
    const radius = kind === 0 ? 0.88 : 0.42;
    return [radius * Math.cos(turn * t), radius * Math.sin(turn * t)];
  },
  xor: (t, kind) => {
    const index = Math.floor(t * 18);
    const side = index % 2 === 0 ? 1 : -1;
    const place = Math.floor(index / 2);
    const [x, y] = [0.25 + 0.29 * (place % 3), 0.25 + 0.29 * Math.floor(place / 3)];
    return [side * x, (kind === 0 ? 1 : -1) * side * y];
  },
};

function points(set: PointSet): SVGTemplateResult[] {
  const count = 18;
  return [0, 1].flatMap((kind) =>
    Array.from({ length: count }, (_, index) => {
      const [x, y] = places[set](index / count, kind);
      const fill = kind === 0 ? "var(--class-a)" : "var(--class-b)";
      return kind === 0
        ? svg`<circle cx=${24 + 21 * x} cy=${24 + 21 * y} r="1.8" fill=${fill} />`
        : svg`<rect x=${22.4 + 21 * x} y=${22.4 + 21 * y} width="3.2" height="3.2" fill=${fill} />`;
    }),
  );
}

/** Ink of an 8 x 8 three, in quarters. */
const three = [
  "00244200",
  "02420440",
  "00000440",
  "00024400",
  "00002440",
  "00000044",
  "02400244",
  "00244420",
];

function pixels(): SVGTemplateResult[] {
  return three.flatMap((row, y) =>
    Array.from(row, (ink, x) =>
      ink === "0"
        ? svg``
        : svg`<rect x=${4 + 5 * x} y=${4 + 5 * y} width="5" height="5" fill="var(--ink)" opacity=${Number(ink) / 4.4} />`,
    ),
  );
}

/** A filter on its way over the digit. */
const filter = svg`<rect x="18" y="13" width="17" height="17" rx="1" fill="none" stroke="var(--surface)" stroke-width="4.5" />
  <rect x="18" y="13" width="17" height="17" rx="1" fill="none" stroke="var(--accent)" stroke-width="2" />`;

/** Lines of a page with a pen's mark at the end. */
const page = svg`<path
    d="M6 11h36M6 19h31M6 27h36M6 35h16"
    stroke="var(--ink)"
    stroke-width="2.5"
    stroke-linecap="round"
    stroke-dasharray="9 4 5 4 12 4"
  />
  <path d="M32 30v10" stroke="var(--accent)" stroke-width="2.5" stroke-linecap="round" />`;

function drawing(set: DataSet): SVGTemplateResult | SVGTemplateResult[] {
  switch (set) {
    case "digits":
      return pixels();
    case "pictures":
      return [...pixels(), filter];
    case "text":
      return page;
    default:
      return points(set);
  }
}

export function thumbnail(set: DataSet): TemplateResult {
  return html`<svg width="48" height="48" viewBox="0 0 48 48" aria-hidden="true">
    ${drawing(set)}
  </svg>`;
}
