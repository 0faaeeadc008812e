/** The language in use and how texts and numbers are written in it. */

import { computed, signal } from "@preact/signals-core";
import { type Catalogue, en, type MessageKey } from "./en.ts";
import { ko } from "./ko.ts";

export const languages = ["en", "ko"] as const;
export type Language = (typeof languages)[number];

const catalogues: Readonly<Record<Language, Catalogue>> = { en, ko };

/** Each language in its own words. */
export const languageNames: Readonly<Record<Language, string>> = { en: "English", ko: "한국어" };

export const language = signal<Language>("en");

const formats = computed(() => {
  const locale = language.value;
  return {
    whole: new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }),
    percent: new Intl.NumberFormat(locale, {
      style: "percent",
      minimumFractionDigits: 1,
      maximumFractionDigits: 1,
    }),
    precise: new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 }),
    loss: new Intl.NumberFormat(locale, { minimumFractionDigits: 3, maximumFractionDigits: 3 }),
  };
});

export type Values = Readonly<Record<string, string | number>>;

/** The text of `key` in the chosen language, with `{name}` replaced by `values.name`. */
export function translate(key: MessageKey, values: Values = {}): string {
  return catalogues[language.value][key].replace(/\{(\w+)\}/g, (_, name: string) =>
    String(values[name] ?? ""),
  );
}

export const formatWhole = (value: number) => formats.value.whole.format(value);
export const formatPercent = (share: number) => formats.value.percent.format(share);
export const formatPrecise = (value: number) => formats.value.precise.format(value);

/** A loss with three decimals; very large ones in powers of ten, so that the bar keeps its width. */
export function formatLoss(value: number): string {
  return Math.abs(value) < 1e4 ? formats.value.loss.format(value) : value.toExponential(1);
}
