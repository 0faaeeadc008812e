/** The look of the writing view: a page of text under the row of what it is written with. */

import { css } from "lit";

export const writingStyles = css`
  form {
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto;
    align-items: end;
    gap: 8px;
  }

  input[type="text"] {
    width: 100%;
    height: 40px;
    margin-top: 4px;
    padding: 0 8px;
    border: 1px solid var(--edge);
    border-radius: var(--radius);
    background: var(--surface);
    font-family: var(--serif);
    font-size: var(--large);
  }

  input[type="text"]:hover {
    border-color: var(--ink);
  }

  form button {
    min-height: 40px;
  }

  form p {
    grid-column: 1 / -1;
    color: var(--warn);
    font-size: var(--small);
    line-height: 16px;
  }

  .knobs {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 208px), 1fr));
    gap: 8px 24px;
  }

  .page {
    padding: 16px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--sunken);
  }

  blockquote {
    margin: 0;
    font-family: var(--serif);
    font-size: 17px;
    line-height: 28px;
    overflow-wrap: anywhere;
    white-space: pre-wrap;
  }

  .page blockquote {
    min-height: 140px;
  }

  blockquote b {
    color: var(--accent);
    font-weight: 600;
  }

  .page figcaption,
  li figcaption {
    display: flex;
    justify-content: space-between;
    gap: 8px;
    margin-bottom: 4px;
    color: var(--muted);
    font-family: var(--sans);
    font-size: var(--small);
    line-height: 16px;
  }

  .caret {
    display: inline-block;
    width: 2px;
    height: 1em;
    margin-left: 1px;
    background: var(--accent);
    vertical-align: -0.1em;
    animation: blink 1s steps(2) infinite;
  }

  li {
    padding: 8px 0;
    border-top: 1px solid var(--line);
  }

  li blockquote {
    font-size: var(--text);
    line-height: 20px;
  }

  @keyframes blink {
    to {
      opacity: 0;
    }
  }

  @media (prefers-reduced-motion: reduce) {
    .caret {
      animation: none;
    }
  }
`;
