/** The address follows the Project, and a Project comes in by the address. */

import { effect, signal } from "@preact/signals-core";
import { fromFragment, toFragment } from "../project/link.ts";
import { problem, project } from "./session.ts";

/** True for a moment after the link was copied. */
export const linkCopied = signal(false);
const copiedTime = 2000;
const settleTime = 300;

/** Takes the Project out of the address, if it carries one; a damaged link is told and left aside. */
export async function openLink(): Promise<string | undefined> {
  try {
    const linked = await fromFragment(location.hash);
    if (linked !== undefined) project.value = linked;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export function tellBrokenLink(message: string): void {
  problem.value = { kind: "link", step: 0, message };
}

/** Writes every later Project into the address, in place: the Back button leaves the page as before. */
export function keepLink(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const now = project.value;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      window.history.replaceState(null, "", `${location.pathname}${location.search}${await toFragment(now)}`);
    }, settleTime);
  });
}

export async function copyLink(): Promise<void> {
  const { origin, pathname, search } = location;
  await navigator.clipboard.writeText(`${origin}${pathname}${search}${await toFragment(project.value)}`);
  linkCopied.value = true;
  setTimeout(() => {
    linkCopied.value = false;
  }, copiedTime);
}
