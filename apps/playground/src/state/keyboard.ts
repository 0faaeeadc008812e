/** Single-key orders: Space plays or pauses, `.` steps, R resets; never while a field has the focus. */

import * as session from "./session.ts";

/** Elements that take letters: typing must not train. */
const typing = "input:not([type=range]):not([type=radio]):not([type=checkbox]), select, textarea";
/** Elements that Space itself presses. */
const pressable = "button, a, input, select, textarea, summary";

const orders: Readonly<Record<string, () => void>> = {
  " ": session.togglePlay,
  ".": session.stepOnce,
  r: session.reset,
};

function press(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  const target = event.composedPath()[0];
  const within = (selector: string) => target instanceof Element && target.matches(selector);
  const order = orders[event.key.toLowerCase()];
  if (order === undefined || event.repeat || within(event.key === " " ? pressable : typing)) return;
  event.preventDefault();
  order();
}

export function startKeyboard(): void {
  document.addEventListener("keydown", press);
}
