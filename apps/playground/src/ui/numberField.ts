/** `<tenrec-number>`: a labelled number with an optional slider, which says at once why a value is refused. */

import { css, html, nothing, type PropertyValues } from "lit";
import { live } from "lit/directives/live.js";
import { formatPrecise, translate } from "../i18n/language.ts";
import { type NumberRule, type Refusal, refusal } from "../project/limits.ts";
import { SignalElement } from "./signalElement.ts";

/** Digits that survive a slider's floating point steps. */
const tidy = (value: number) => Number(value.toPrecision(6));

/** Where a value stands on the slider: itself, or its decimal logarithm. */
function toSlider(value: number, rule: NumberRule): number {
  return rule.logarithmic ? Math.log10(value) : value;
}

/** Logarithmic sliders stop at values one would write by hand: two significant digits. */
function fromSlider(position: number, rule: NumberRule): number {
  return rule.logarithmic ? Number((10 ** position).toPrecision(2)) : tidy(position);
}

export class NumberField extends SignalElement {
  static override styles = [
    ...SignalElement.styles,
    css`
      .head {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 8px;
      }

      .head input {
        width: 80px;
        height: 24px;
      }

      .compact input {
        width: 100%;
        margin-top: 4px;
        text-align: left;
      }

      p {
        margin-top: 4px;
        color: var(--warn);
        font-size: var(--small);
        line-height: 16px;
      }
    `,
  ];

  static override properties = {
    label: {},
    value: { type: Number },
    rule: { attribute: false },
    slider: { type: Boolean },
    typed: { state: true },
  };

  declare label: string;
  declare value: number;
  declare rule: NumberRule;
  declare slider: boolean;
  /** What stands in the box while it is being edited. */
  declare typed: string | undefined;

  constructor() {
    super();
    this.label = "";
    this.value = 0;
    this.slider = false;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("value") && this.#typedValue() !== this.value) this.typed = undefined;
  }

  #typedValue(): number {
    return this.typed === undefined || this.typed.trim() === "" ? Number.NaN : Number(this.typed);
  }

  #refusal(): Refusal | undefined {
    return this.typed === undefined ? undefined : refusal(this.#typedValue(), this.rule);
  }

  #pick(value: number): void {
    if (value !== this.value) this.dispatchEvent(new CustomEvent<number>("pick", { detail: value }));
  }

  #type(event: InputEvent): void {
    this.typed = (event.target as HTMLInputElement).value;
    if (this.#refusal() === undefined) this.#pick(this.#typedValue());
  }

  /** A refused value stays in sight with its sentence; an accepted one is written in its plain form. */
  #settle(): void {
    if (this.#refusal() === undefined) this.typed = undefined;
  }

  #slide(event: InputEvent): void {
    this.typed = undefined;
    const position = (event.target as HTMLInputElement).valueAsNumber;
    this.#pick(Math.min(this.rule.max, Math.max(this.rule.min, fromSlider(position, this.rule))));
  }

  #input(error: Refusal | undefined) {
    const { rule } = this;
    return html`<input
      id="box"
      type="number"
      inputmode="decimal"
      min=${rule.min}
      max=${rule.max}
      step=${rule.logarithmic ? "any" : rule.step}
      .value=${live(this.typed ?? String(this.value))}
      aria-invalid=${error === undefined ? "false" : "true"}
      aria-describedby=${error === undefined ? nothing : "error"}
      @input=${this.#type}
      @change=${this.#settle}
    />`;
  }

  #slider() {
    const { rule } = this;
    return html`<input
      type="range"
      aria-label=${this.label}
      aria-valuetext=${formatPrecise(this.value)}
      min=${toSlider(rule.min, rule)}
      max=${toSlider(rule.max, rule)}
      step=${rule.logarithmic ? 1 / rule.step : rule.step}
      .value=${live(String(toSlider(this.value, rule)))}
      @input=${this.#slide}
    />`;
  }

  override render() {
    const error = this.#refusal();
    const range = { min: this.rule.min, max: this.rule.max };
    return html`<div class=${this.slider ? "head" : "compact"}>
        <label class="label" for="box">${this.label}</label>${this.#input(error)}
      </div>
      ${this.slider ? this.#slider() : nothing}
      ${error === undefined ? nothing : html`<p id="error" role="alert">${translate(error, range)}</p>`}`;
  }
}

customElements.define("tenrec-number", NumberField);
