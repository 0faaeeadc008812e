// The backend under measurement: the page's address names it, and every library starts on its own form of it.

export type Backend = "webgpu" | "cpu";

const isBackend = (name: unknown): name is Backend => name === "webgpu" || name === "cpu";

function named(): Backend {
  const name = new URLSearchParams(globalThis.location?.search).get("backend") ?? "webgpu";
  if (!isBackend(name))
    throw new Error(`bench: unknown backend.\n  Received: ${name}\n  Expected: webgpu or cpu.`);
  return name;
}

export const backend = named();
