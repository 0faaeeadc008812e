/** What a screen reader is told politely: set a sentence, the page's live region speaks it. */

import { signal } from "@preact/signals-core";

export const announcement = signal("");

export function announce(sentence: string): void {
  announcement.value = sentence;
}
