/** A Lit element that renders again when a signal read by its `render` changes. */

import { effect } from "@preact/signals-core";
import { LitElement } from "lit";
import { controls } from "../styles/controls.ts";

export class SignalElement extends LitElement {
  static override styles = [controls];

  #stop: (() => void) | undefined;

  /** The first run of the effect renders and notes which signals were read; later runs only ask for a new update. */
  protected override performUpdate(): void {
    if (!this.isUpdatePending) return;
    this.#stop?.();
    let rendering = true;
    this.#stop = effect(() => {
      if (rendering) {
        rendering = false;
        super.performUpdate();
      } else this.requestUpdate();
    });
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.();
    this.#stop = undefined;
  }
}
