/** Calls back when an element's box changes size, for as long as the element is on the page. */

import type { LitElement } from "lit";

/** Gives the element a reactive controller that watches its size; for its constructor. */
export function onResize(element: LitElement, resized: () => void): void {
  const observer = new ResizeObserver(resized);
  element.addController({
    hostConnected: () => observer.observe(element),
    hostDisconnected: () => observer.disconnect(),
  });
}
