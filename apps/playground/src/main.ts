/** The page's entry: preferences, the Project of the address, the screen, then the worker. */

import { startKeyboard } from "./state/keyboard.ts";
import { keepLink, openLink, tellBrokenLink } from "./state/link.ts";
import { startPreferences } from "./state/preferences.ts";
import { backendChoice, startWorker } from "./state/session.ts";
import { startSpokenState } from "./state/spokenState.ts";
import type { BackendChoice } from "./worker/protocol.ts";
import "./panels/playground.ts";

function wishedBackend(): BackendChoice {
  const wished = new URLSearchParams(location.search).get("backend");
  return wished === "webgpu" || wished === "cpu" ? wished : "auto";
}

startPreferences();
startKeyboard();
startSpokenState();
const broken = await openLink();
backendChoice.value = wishedBackend();
startWorker();
if (broken !== undefined) tellBrokenLink(broken);
keepLink();
