/** The look of the digits view: pad, pixels and bars side by side, below each other where it is narrow. */

import { css } from "lit";

export const digitsStyles = css`
  .grid {
    display: grid;
    grid-template-columns: minmax(160px, 1.4fr) 120px minmax(152px, 1fr);
    gap: 24px;
    align-items: start;
  }

  .title {
    display: flex;
    align-items: center;
    justify-content: space-between;
  }

  .title button {
    min-height: 24px;
    font-size: var(--small);
  }

  .draw {
    display: grid;
    gap: 8px;
  }

  .seen > svg {
    width: 100%;
    margin-top: 12px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--sunken);
    fill: var(--ink);
  }

  .sample {
    display: grid;
    gap: 8px;
    margin-top: 16px;
  }

  .sample .row button {
    flex: 1;
  }

  .bars {
    display: grid;
    gap: 8px;
  }

  .says {
    min-height: 32px;
    color: var(--accent);
    font-weight: 600;
    line-height: 16px;
  }

  #says.muted {
    min-height: 32px;
  }

  li {
    display: grid;
    grid-template-columns: 12px 1fr 56px;
    align-items: center;
    gap: 8px;
    height: 20px;
    font-size: var(--small);
  }

  li b {
    font-weight: 500;
  }

  li svg {
    width: 100%;
    height: 8px;
  }

  li .number {
    color: var(--muted);
    text-align: right;
  }

  .best b,
  .best .number {
    color: var(--accent);
    font-weight: 600;
  }

  .track {
    fill: var(--line);
    opacity: 0.6;
  }

  .fill {
    fill: var(--edge);
  }

  .best .fill {
    fill: var(--accent);
  }

  @media (max-width: 699px) {
    .grid {
      grid-template-columns: 1fr 1fr;
      gap: 16px;
    }

    .draw {
      grid-column: 1 / -1;
      width: min(100%, 320px);
      margin: 0 auto;
    }
  }

  @media (max-width: 359px) {
    .grid {
      grid-template-columns: 1fr;
    }
  }
`;
