/** Styles every panel shares: headings, buttons, fields, choices. */

import { css } from "lit";

export const controls = css`
  :host {
    display: block;
  }

  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }

  h2,
  h3,
  p,
  ol,
  ul,
  figure,
  fieldset {
    margin: 0;
    padding: 0;
    border: 0;
  }

  ol,
  ul {
    list-style: none;
  }

  h2 {
    font-size: var(--large);
    font-weight: 600;
    line-height: 24px;
  }

  h3,
  legend,
  .label {
    padding: 0;
    color: var(--muted);
    font-size: var(--small);
    font-weight: 500;
    line-height: 16px;
  }

  .muted {
    color: var(--muted);
    font-size: var(--small);
    line-height: 16px;
  }

  .number {
    font-variant-numeric: tabular-nums;
  }

  .hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  .row {
    display: flex;
    align-items: center;
    gap: 8px;
  }

  .stack {
    display: grid;
    gap: 16px;
  }

  svg {
    display: block;
    flex: none;
  }

  button,
  select,
  input {
    font: inherit;
    color: inherit;
    font-variant-numeric: inherit;
  }

  button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-height: 32px;
    padding: 0 12px;
    border: 1px solid var(--edge);
    border-radius: var(--radius);
    background: var(--surface);
    cursor: pointer;
    white-space: nowrap;
  }

  button:hover:not(:disabled) {
    border-color: var(--ink);
  }

  button:active:not(:disabled) {
    background: var(--sunken);
  }

  button:disabled {
    border-color: var(--line);
    color: var(--edge);
    cursor: default;
  }

  button.bare {
    min-width: 32px;
    padding: 0 8px;
    border-color: transparent;
    background: none;
    color: var(--muted);
  }

  button.bare:hover:not(:disabled) {
    background: var(--sunken);
    color: var(--ink);
  }

  button.bare:disabled {
    color: var(--edge);
    opacity: 0.5;
  }

  button.primary {
    border-color: var(--accent);
    background: var(--accent);
    color: var(--on-accent);
    font-weight: 600;
  }

  button.primary:hover:not(:disabled) {
    border-color: var(--accent-strong);
    background: var(--accent-strong);
  }

  select,
  input[type="number"] {
    width: 100%;
    min-width: 0;
    height: 32px;
    padding: 0 8px;
    border: 1px solid var(--edge);
    border-radius: var(--radius);
    background: var(--surface);
  }

  select:hover,
  input[type="number"]:hover {
    border-color: var(--ink);
  }

  input[type="number"] {
    appearance: textfield;
    text-align: right;
  }

  input::-webkit-inner-spin-button {
    appearance: none;
    margin: 0;
  }

  input[aria-invalid="true"] {
    border-color: var(--warn);
    box-shadow: inset 0 0 0 1px var(--warn);
  }

  input[type="range"] {
    width: 100%;
    height: 24px;
    margin: 0;
    accent-color: var(--accent);
    cursor: pointer;
  }

  input[type="checkbox"] {
    width: 16px;
    height: 16px;
    margin: 0;
    accent-color: var(--accent);
  }

  label.check {
    display: inline-flex;
    align-items: center;
    gap: 8px;
    min-height: 24px;
    cursor: pointer;
  }

  summary {
    min-height: 24px;
    cursor: pointer;
  }

  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }

  @media (forced-colors: active) {
    button.primary {
      border: 2px solid ButtonText;
    }
  }
`;
