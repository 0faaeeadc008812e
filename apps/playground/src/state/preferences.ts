/** What belongs to the reader and not to the project: language and theme, kept in localStorage. */

import { effect, signal } from "@preact/signals-core";
import { type Language, language, languages, translate } from "../i18n/language.ts";

export const themes = ["auto", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

export const theme = signal<Theme>("auto");
/** Whether dark colours show now. */
export const dark = signal(false);

const keys = { language: "tenrec.language", theme: "tenrec.theme" } as const;

/** Storage may be forbidden (private windows, sandboxed frames); the page then forgets, and works. */
function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Nothing to keep it in.
  }
}

function chosenLanguage(): Language {
  const wished = [
    new URLSearchParams(location.search).get("lang"),
    read(keys.language),
    ...navigator.languages,
  ];
  const tags = wished.map((tag) => tag?.slice(0, 2));
  return (
    languages.find((name) => name === tags.find((tag) => languages.some((known) => known === tag))) ?? "en"
  );
}

/** Reads the preferences and keeps page and storage in step with them. */
export function startPreferences(): void {
  language.value = chosenLanguage();
  theme.value = themes.find((name) => name === read(keys.theme)) ?? "auto";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const systemDark = signal(system.matches);
  system.addEventListener("change", () => {
    systemDark.value = system.matches;
  });
  effect(() => {
    dark.value = theme.value === "auto" ? systemDark.value : theme.value === "dark";
    document.documentElement.dataset.theme = dark.value ? "dark" : "light";
  });
  effect(() => {
    document.documentElement.lang = language.value;
    document.title = translate("app.title");
  });
}

export function chooseLanguage(name: Language): void {
  language.value = name;
  write(keys.language, name);
}

export function chooseTheme(name: Theme): void {
  theme.value = name;
  write(keys.theme, name);
}
