/** The look of the layer stack: cards on a thread that runs from input to output. */

import { css } from "lit";

export const stackStyles = css`
  .head {
    display: flex;
    align-items: baseline;
    justify-content: space-between;
    gap: 8px;
  }

  .layers {
    position: relative;
    display: grid;
    gap: 8px;
    margin: 8px 0;
  }

  .layers::before {
    position: absolute;
    inset: 8px auto 8px 20px;
    width: 2px;
    background: var(--line);
    content: "";
  }

  .card,
  .adders {
    position: relative;
  }

  .card {
    padding: 8px 8px 8px 16px;
    border: 1px solid var(--line);
    border-left: 4px solid var(--accent);
    border-radius: var(--radius);
    background: var(--surface);
  }

  .card.fixed {
    border-left-color: var(--edge);
    background: var(--sunken);
  }

  .title {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 8px;
    min-height: 24px;
  }

  .title b {
    font-weight: 600;
  }

  .tools {
    display: flex;
  }

  .tools button {
    min-width: 28px;
    min-height: 28px;
    padding: 0;
  }

  .fields {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(64px, 1fr));
    gap: 8px;
    padding-right: 8px;
  }

  .fields select {
    margin-top: 4px;
  }

  .ticks {
    max-width: 100%;
    margin-top: 8px;
    overflow: hidden;
    fill: var(--accent);
    opacity: 0.55;
  }

  .facts {
    display: flex;
    justify-content: space-between;
    gap: 8px;
    margin-top: 4px;
    padding-right: 8px;
  }

  .fixed .facts {
    margin-top: 0;
  }

  .adders {
    padding-left: 40px;
  }

  .add {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
  }

  .add button {
    border-style: dashed;
    background: var(--paper);
  }
`;
