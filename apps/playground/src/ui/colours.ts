/** Colours for canvases, which cannot read the page's custom properties: one set for each theme, equal to page.css. */

import { computed } from "@preact/signals-core";
import { dark } from "../state/preferences.ts";

type Rgb = readonly [number, number, number];

export interface Palette {
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  readonly surface: string;
  readonly accent: string;
  /** Marks of class A and class B. */
  readonly marks: readonly [string, string];
  /** Ends and middle of the diverging scale of single numbers: negative, 0, positive; as strong as the marks. */
  readonly signs: readonly [Rgb, Rgb, Rgb];
  /** Ends and middle of the diverging scale: surely A, undecided, surely B. */
  readonly regions: readonly [Rgb, Rgb, Rgb];
}

const light: Palette = {
  ink: "#1c2024",
  muted: "#545b62",
  line: "#d8d8d1",
  surface: "#fcfcfa",
  accent: "#0a6b5e",
  marks: ["#14609f", "#b04a04"],
  signs: [
    [20, 96, 159],
    [242, 242, 238],
    [176, 74, 4],
  ],
  regions: [
    [134, 183, 222],
    [246, 245, 241],
    [240, 174, 124],
  ],
};

const night: Palette = {
  ink: "#e7e9eb",
  muted: "#a5adb5",
  line: "#333a41",
  surface: "#191d21",
  accent: "#5ecab6",
  marks: ["#8cc8f5", "#ffb378"],
  signs: [
    [140, 200, 245],
    [30, 35, 40],
    [255, 179, 120],
  ],
  regions: [
    [35, 85, 130],
    [32, 37, 42],
    [134, 72, 27],
  ],
};

export const palette = computed(() => (dark.value ? night : light));

/** The colour of `share` in [0, 1] on a diverging scale. */
function between(share: number, [low, middle, high]: readonly [Rgb, Rgb, Rgb]): Rgb {
  const [end, weight] = share < 0.5 ? [low, 1 - 2 * share] : [high, 2 * share - 1];
  return [0, 1, 2].map((channel) => {
    const from = middle[channel] as number;
    return from + ((end[channel] as number) - from) * weight;
  }) as unknown as Rgb;
}

/** The colour of a probability of class B. */
export const diverging = (share: number, { regions }: Palette): Rgb => between(share, regions);

/** The colour of a number in [-1, 1], by its sign and size. */
export const signed = (value: number, { signs }: Palette): Rgb => between((value + 1) / 2, signs);
