/** Inline icons on a 16 px grid, drawn with the current text colour and hidden from assistive technology. */

import { html, type SVGTemplateResult, svg, type TemplateResult } from "lit";

function icon(shapes: SVGTemplateResult, filled = false): TemplateResult {
  return html`<svg
    width="16"
    height="16"
    viewBox="0 0 16 16"
    aria-hidden="true"
    fill=${filled ? "currentColor" : "none"}
    stroke=${filled ? "none" : "currentColor"}
    stroke-width="1.5"
    stroke-linecap="round"
    stroke-linejoin="round"
  >
    ${shapes}
  </svg>`;
}

export const icons = {
  play: icon(
    svg`<path d="M4.5 2.6v10.8a.6.6 0 0 0 .9.5l8.6-5.4a.6.6 0 0 0 0-1L5.4 2.1a.6.6 0 0 0-.9.5z" />`,
    true,
  ),
  pause: icon(
    svg`<rect x="3.5" y="2.5" width="3.2" height="11" rx=".8" /><rect x="9.3" y="2.5" width="3.2" height="11" rx=".8" />`,
    true,
  ),
  step: icon(svg`<path d="M3.5 3.5v9l6-4.5z" /><path d="M12.5 3.5v9" />`),
  reset: icon(svg`<path d="M3 8a5 5 0 1 0 1.6-3.7" /><path d="M4.2 1.6v3.1h3.1" />`),
  add: icon(svg`<path d="M8 3v10M3 8h10" />`),
  remove: icon(svg`<path d="m4 4 8 8m0-8-8 8" />`),
  up: icon(svg`<path d="m4 9.5 4-4 4 4" />`),
  down: icon(svg`<path d="m4 6.5 4 4 4-4" />`),
  previous: icon(svg`<path d="m9.5 4-4 4 4 4" />`),
  next: icon(svg`<path d="m6.5 4 4 4-4 4" />`),
  link: icon(
    svg`<path d="M6.8 9.2a2.6 2.6 0 0 0 3.7 0l2.2-2.2A2.6 2.6 0 0 0 9 3.3l-.8.8" /><path d="M9.2 6.8a2.6 2.6 0 0 0-3.7 0L3.3 9A2.6 2.6 0 0 0 7 12.7l.8-.8" />`,
  ),
  pen: icon(svg`<path d="M9.8 3.7 12.3 6.2 5.6 12.9 2.5 13.5 3.1 10.4zM8 13.5h5.5" />`),
  check: icon(svg`<path d="m3 8.5 3.2 3.2L13 5" />`),
  shuffle: icon(
    svg`<path d="M2 4.5h2.2c3.8 0 3.8 7 7.6 7H14M2 11.5h2.2c1.3 0 2-.8 2.6-1.8M9 6.2c.7-1 1.5-1.7 2.8-1.7H14M12.2 2.7 14 4.5l-1.8 1.8M12.2 9.7l1.8 1.8-1.8 1.8" />`,
  ),
  chip: icon(
    svg`<rect x="4" y="4" width="8" height="8" rx="1.2" /><path d="M6.5 1.8V4M9.5 1.8V4M6.5 12v2.2M9.5 12v2.2M1.8 6.5H4M1.8 9.5H4M12 6.5h2.2M12 9.5h2.2" />`,
  ),
  warn: icon(svg`<path d="M8 2.2 14.4 13.4H1.6z" /><path d="M8 6.6v3.2M8 11.6v.1" />`),
  auto: icon(
    svg`<circle cx="8" cy="8" r="5.5" /><path d="M8 2.5a5.5 5.5 0 0 1 0 11z" fill="currentColor" />`,
  ),
  light: icon(
    svg`<circle cx="8" cy="8" r="2.8" /><path d="M8 1.6v1.6M8 12.8v1.6M1.6 8h1.6M12.8 8h1.6M3.5 3.5l1.1 1.1M11.4 11.4l1.1 1.1M12.5 3.5l-1.1 1.1M4.6 11.4l-1.1 1.1" />`,
  ),
  dark: icon(svg`<path d="M13.4 9.6A5.8 5.8 0 0 1 6.4 2.6a5.8 5.8 0 1 0 7 7z" />`),
} as const;

/** A tenrec from the side: a back full of spines. */
export const logo = html`<svg width="24" height="24" viewBox="0 0 24 24" aria-hidden="true">
  <path d="M3 18a9 9 0 0 1 18 0z" fill="var(--accent)" />
  <path
    d="M4.6 10.6 2.8 9M8 7.2 7 5M12 6V3.4M16 7.2 17 5M19.4 10.6l1.8-1.6"
    stroke="var(--accent)"
    stroke-width="1.8"
    stroke-linecap="round"
  />
  <circle cx="17.2" cy="14.6" r="1.2" fill="var(--paper)" />
</svg>`;
