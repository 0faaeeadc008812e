/** The fields of one layer card: a number box for each size, a choice of activation where the layer has one. */

import { html, nothing, svg, type TemplateResult } from "lit";
import { translate } from "../i18n/language.ts";
import { limits } from "../project/limits.ts";
import {
  type Activation,
  activations,
  type ConvSpec,
  type DenseSpec,
  type LayerSpec,
} from "../project/project.ts";
import { chosen, picked } from "../ui/events.ts";
import "../ui/numberField.ts";

type SizeName = "units" | "rate" | "filters" | "kernel" | "size" | "heads";
const sizeNames: readonly SizeName[] = ["units", "rate", "filters", "kernel", "size", "heads"];

/** Takes the changed layer. */
type Replace = (spec: LayerSpec) => void;

function numberBox(spec: LayerSpec, name: SizeName, value: number, replace: Replace): TemplateResult {
  return html`<tenrec-number
    label=${translate(`model.${name}`)}
    .rule=${limits[name]}
    .value=${value}
    @pick=${(event: Event) => replace({ ...spec, [name]: picked(event) } as LayerSpec)}
  ></tenrec-number>`;
}

function activationBox(spec: DenseSpec | ConvSpec, index: number, replace: Replace) {
  const activate = (event: Event) => replace({ ...spec, activation: chosen(event) as Activation });
  return html`<div>
    <label class="label" for="activation-${index}">${translate("model.activation")}</label>
    <select id="activation-${index}" @change=${activate}>
      ${activations.map(
        (name) => html`<option value=${name} .selected=${name === spec.activation}>${name}</option>`,
      )}
    </select>
  </div>`;
}

export function layerFields(spec: LayerSpec, index: number, replace: Replace): TemplateResult {
  const sizes = sizeNames.flatMap((name) => {
    const value = (spec as Partial<Record<SizeName, number>>)[name];
    return value === undefined ? [] : [numberBox(spec, name, value, replace)];
  });
  return html`<div class="fields">
    ${sizes}${"activation" in spec ? activationBox(spec, index, replace) : nothing}
  </div>`;
}

/** One tick a unit or filter, up to what fits: the widths of the layers at a glance. */
export function ticks(spec: LayerSpec): TemplateResult | typeof nothing {
  const width = "units" in spec ? spec.units : "filters" in spec ? spec.filters : 0;
  if (width === 0) return nothing;
  const shown = Math.min(width, 40);
  return html`<svg class="ticks" height="8" width=${shown * 6} aria-hidden="true">
    ${Array.from({ length: shown }, (_, index) => svg`<rect x=${index * 6} width="4" height="8" rx="1" />`)}
  </svg>`;
}
