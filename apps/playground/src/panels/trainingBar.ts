/** `<tenrec-bar>`: play, step, reset, speed, and where the run stands. */

import { css, html } from "lit";
import { live } from "lit/directives/live.js";
import { formatLoss, formatPercent, formatWhole, translate } from "../i18n/language.ts";
import { type Speed, speeds } from "../project/project.ts";
import * as session from "../state/session.ts";
import { chosen } from "../ui/events.ts";
import { icons } from "../ui/icons.ts";
import { SignalElement } from "../ui/signalElement.ts";

export class TrainingBar extends SignalElement {
  static override styles = [
    ...SignalElement.styles,
    css`
      .bar {
        display: flex;
        align-items: center;
        gap: 8px 24px;
        padding: 8px 0;
      }

      .play {
        min-width: 112px;
        min-height: 40px;
        font-size: var(--large);
      }

      .transport button {
        min-height: 40px;
      }

      .speed {
        display: flex;
        align-items: center;
        gap: 8px;
      }

      .speed select {
        width: auto;
      }

      dl {
        display: flex;
        flex: 1;
        justify-content: flex-end;
        gap: 24px;
        margin: 0;
      }

      dl div {
        min-width: 64px;
      }

      dt {
        color: var(--muted);
        font-size: var(--small);
        line-height: 16px;
      }

      dd {
        margin: 0;
        font-size: var(--large);
        font-weight: 500;
        line-height: 24px;
        font-variant-numeric: tabular-nums;
      }

      dd.strong {
        color: var(--accent);
        font-weight: 600;
      }

      @media (max-width: 1099px) {
        .bar {
          flex-wrap: wrap;
        }

        dl {
          flex: 1 1 100%;
          order: -1;
          justify-content: space-between;
          gap: 8px 16px;
        }
      }

      @media (max-width: 599px) {
        .bar {
          gap: 8px;
        }

        .transport {
          flex: 1;
        }

        .play {
          flex: 1;
          min-width: 0;
        }

        .transport span {
          display: none;
        }

        .play span {
          display: inline;
        }

        .speed .label {
          display: none;
        }

        .rate,
        .training {
          display: none;
        }

        dl div {
          min-width: 0;
        }

        dt {
          font-size: 11px;
        }

        dd {
          font-size: var(--text);
          line-height: 20px;
        }
      }
    `,
  ];

  /** Where the page opens: one press of Space or Enter trains. */
  focusPlay(): void {
    this.renderRoot.querySelector<HTMLButtonElement>(".play")?.focus({ preventScroll: true });
  }

  #transport() {
    const playing = session.running.value;
    return html`<div class="row transport">
      <button class="primary play" @click=${session.togglePlay}>
        ${playing ? icons.pause : icons.play}<span>${translate(playing ? "bar.pause" : "bar.play")}</span>
      </button>
      <button @click=${session.stepOnce} aria-label=${translate("bar.step")} title="${translate("bar.step")} ( . )">
        ${icons.step}<span>${translate("bar.step")}</span>
      </button>
      <button @click=${session.reset} aria-label=${translate("bar.reset")} title="${translate("bar.reset")} (R)">
        ${icons.reset}<span>${translate("bar.reset")}</span>
      </button>
    </div>`;
  }

  #speed() {
    const { speed } = session.project.value.train;
    const pick = (event: Event) => session.change({ train: { speed: Number(chosen(event)) as Speed } });
    return html`<div class="speed">
      <label class="label" for="speed">${translate("bar.speed")}</label>
      <select id="speed" aria-label=${translate("bar.speed")} .value=${live(String(speed))} @change=${pick}>
        ${speeds.map(
          (value) =>
            html`<option value=${value} ?selected=${value === speed}>${translate(`speed.${value}`)}</option>`,
        )}
      </select>
    </div>`;
  }

  #figures() {
    const snapshot = session.snapshot.value;
    session.historyVersion.value;
    const loss = session.history.train.at(-1)?.loss;
    const none = "–";
    const text = session.project.value.task === "text";
    const speed = text ? session.charactersPerSecond.value : session.stepsPerSecond.value;
    const rate = session.running.value ? formatWhole(speed) : none;
    return html`<dl>
      <div><dt>${translate("bar.steps")}</dt><dd id="steps">${formatWhole(session.step.value)}</dd></div>
      <div><dt>${translate("bar.epochs")}</dt><dd id="epochs">${formatWhole(session.epoch.value)}</dd></div>
      <div class="rate"><dt>${translate(text ? "bar.reading" : "bar.rate")}</dt><dd id="rate">${rate}</dd></div>
      <div class="training">
        <dt>${translate("bar.loss")}</dt><dd id="loss">${loss === undefined ? none : formatLoss(loss)}</dd>
      </div>
      <div>
        <dt>${translate("bar.validationLoss")}</dt>
        <dd id="validation-loss">${snapshot ? formatLoss(snapshot.loss) : none}</dd>
      </div>
      <div>
        <dt>${translate("bar.accuracy")}</dt>
        <dd id="accuracy" class="strong">${snapshot ? formatPercent(snapshot.accuracy) : none}</dd>
      </div>
    </dl>`;
  }

  override render() {
    return html`<div class="bar">
      ${this.#transport()}${this.#speed()}${this.#figures()}
    </div>`;
  }
}

customElements.define("tenrec-bar", TrainingBar);
