/** @file The memories of WebAssembly: made with the addresses that an engine gives, and used again by the next device. */

/** Of any memory: what WebAssembly addresses. */
export const maxPages = 65536;

/** A memory of WebAssembly, of at most `maximum` pages. */
export interface LinearMemory {
  readonly memory: WebAssembly.Memory;
  readonly maximum: number;
  /** Several threads may have it. */
  readonly shared: boolean;
}

/** Memories that no device uses any more: an engine sets aside gigabytes of addresses for each. */
const spare: LinearMemory[] = [];
const maxSpare = 4;
/** Shared memories of fewer pages (256 MiB) are not worth having. */
const minSharedPages = 4096;

function takeSpare(shared: boolean): LinearMemory | null {
  const known = spare.findLastIndex((memory) => memory.shared === shared);
  return known < 0 ? null : spare.splice(known, 1)[0]!;
}

function makeMemory(maximum: number, shared: boolean): LinearMemory {
  return { memory: new WebAssembly.Memory({ initial: 16, maximum, shared }), maximum, shared };
}

export function takeMemory(): LinearMemory {
  return takeSpare(false) ?? makeMemory(maxPages, false);
}

/** Null where no memory can be shared. */
export function takeSharedMemory(): LinearMemory | null {
  const known = takeSpare(true);
  if (known) return known;
  // Phones set aside all of the maximum at once, and refuse what they could never give.
  for (let maximum = maxPages; maximum >= minSharedPages; maximum /= 2) {
    try {
      return makeMemory(maximum, true);
    } catch {}
  }
  return null;
}

export function giveMemory(memory: LinearMemory): void {
  if (spare.length < maxSpare && !spare.includes(memory)) spare.push(memory);
}
