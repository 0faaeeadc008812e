/** The frame of the screen: three columns on a desk, one region and a bar at the bottom on a phone. */

import { css } from "lit";

export const playgroundStyles = css`
  :host {
    max-width: 1680px;
    margin: 0 auto;
    padding: 0 24px;
  }

  header {
    position: relative;
    display: flex;
    align-items: center;
    gap: 8px;
    min-height: 56px;
  }

  h1 {
    display: flex;
    align-items: center;
    gap: 8px;
    margin: 0;
    font-size: var(--title);
    font-weight: 600;
    line-height: 24px;
    white-space: nowrap;
  }

  .lead {
    flex: 1;
    padding-left: 8px;
  }

  header select {
    width: auto;
    border-color: transparent;
    background: none;
    color: var(--muted);
    font-size: var(--small);
  }

  header select option {
    background: var(--surface);
    color: var(--ink);
  }

  .share {
    font-size: var(--small);
  }

  .skip {
    position: absolute;
    top: 8px;
    left: 0;
    z-index: 5;
    transform: translateY(-200%);
  }

  .skip:focus {
    transform: none;
  }

  .dock {
    position: sticky;
    top: 0;
    z-index: 3;
    border-top: 1px solid var(--line);
    border-bottom: 1px solid var(--line);
    background: var(--paper);
  }

  .tabs {
    display: none;
  }

  .banner {
    order: -2;
    grid-column: 1 / -1;
  }

  .banner:not([told]) {
    display: none;
  }

  main {
    display: grid;
    grid-template-columns: 256px clamp(288px, 24vw, 352px) minmax(0, 1fr);
    gap: 16px;
    align-items: start;
    padding-top: 16px;
  }

  .region {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 16px;
    min-width: 0;
  }

  .panel {
    padding: 16px;
    border: 1px solid var(--line);
    border-radius: 8px;
    background: var(--surface);
    box-shadow: var(--shadow);
  }

  footer {
    padding: 16px 0 24px;
  }

  @media (max-width: 1099px) {
    main {
      grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
    }

    .region.result {
      grid-column: 1 / -1;
      order: -1;
    }

    .lead {
      visibility: hidden;
    }
  }

  @media (max-width: 699px) {
    :host {
      padding: 0 16px 184px;
    }

    header {
      flex-wrap: wrap;
      gap: 0 4px;
      padding: 8px 0 4px;
    }

    h1 {
      flex: 1;
      font-size: var(--large);
    }

    header select {
      padding: 0;
    }

    .lead,
    .share span {
      display: none;
    }

    header tenrec-backend {
      order: 1;
      flex-basis: 100%;
    }

    .dock {
      position: fixed;
      inset: auto 0 0;
      padding: 0 16px max(8px, env(safe-area-inset-bottom));
      border-bottom: 0;
      box-shadow: 0 -2px 8px rgb(0 0 0 / 8%);
    }

    .tabs {
      display: grid;
      grid-template-columns: repeat(3, 1fr);
    }

    .tabs button {
      min-height: 40px;
      border-radius: 0;
    }

    .tabs button:first-child {
      border-radius: var(--radius) 0 0 var(--radius);
    }

    .tabs button:last-child {
      border-radius: 0 var(--radius) var(--radius) 0;
    }

    .tabs button + button {
      margin-left: -1px;
    }

    .tabs button[aria-pressed="true"] {
      z-index: 1;
      border-color: var(--accent);
      background: var(--accent-soft);
      color: var(--accent-strong);
      font-weight: 600;
    }

    main {
      grid-template-columns: minmax(0, 1fr);
    }

    .region.result {
      order: 0;
    }

    main[data-region="data"] .region:not(.data),
    main[data-region="model"] .region:not(.model),
    main[data-region="result"] .region:not(.result) {
      display: none;
    }

    footer {
      display: none;
    }
  }
`;
