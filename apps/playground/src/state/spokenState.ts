/** Says in the live region that training began or stopped, and with what result. */

import { effect } from "@preact/signals-core";
import { formatLoss, formatPercent, formatWhole, translate } from "../i18n/language.ts";
import { announce } from "./announcer.ts";
import { running, snapshot, step, writing } from "./session.ts";

/** The picture of the last step arrives a moment after the pause. */
const pictureTime = 400;

function tellPaused(): void {
  const now = snapshot.peek();
  if (step.peek() === 0) announce(translate("live.reset"));
  else if (now !== undefined) {
    const figures = { loss: formatLoss(now.loss), accuracy: formatPercent(now.accuracy) };
    announce(translate("live.paused", { step: formatWhole(step.peek()), ...figures }));
  }
}

/** A text that was asked for is read out when it is finished; those written by the way would never stop. */
function tellWritten(): void {
  let last = 0;
  effect(() => {
    const now = writing.value;
    if (now === undefined || !now.asked || !now.done || now.id === last) return;
    last = now.id;
    announce(translate("text.finished", { text: now.prompt + now.text }));
  });
}

export function startSpokenState(): void {
  tellWritten();
  let before = false;
  effect(() => {
    const now = running.value;
    if (now === before) return;
    before = now;
    if (now) announce(translate("live.running"));
    else setTimeout(tellPaused, pictureTime);
  });
}
