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
  regions: [
    [35, 85, 130],
    [32, 37, 42],
    [134, 72, 27],
  ],
};

export const palette = computed(() => (dark.value ? night : light));

/** The colour of `share` in [0, 1] on the diverging scale. */
export function diverging(share: number, { regions: [low, middle, high] }: Palette): Rgb {
  const [end, weight] = share < 0.5 ? [low, 1 - 2 * share] : [high, 2 * share - 1];
  return [0, 1, 2].map((channel) => {
    const from = middle[channel] as number;
    return from + ((end[channel] as number) - from) * weight;
  }) as unknown as Rgb;
}
