/** @file Makes the Workers of the cpu backend, in pages and in Node. */
import type { Message } from "./control.ts";

export interface Spawned {
  post(message: Message): void;
  stop(): void;
}

/** Of `node:worker_threads`. */
interface NodeWorker {
  postMessage(message: Message): void;
  on(event: "message" | "error", listener: (value: unknown) => void): void;
  unref(): void;
  terminate(): Promise<number>;
}

interface NodeModule {
  readonly Worker: new (url: URL, options: { readonly execArgv?: readonly string[] }) => NodeWorker;
}

const scope = globalThis as unknown as {
  readonly crossOriginIsolated?: boolean;
  readonly process?: { getBuiltinModule?(name: string): NodeModule | undefined };
};

/** Null outside of Node. Not imported: bundlers for pages would look for the module. */
function nodeModule(): NodeModule | null {
  return scope.process?.getBuiltinModule?.("node:worker_threads") ?? null;
}

const isolation = "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";

/** Why memory cannot be shared here, or null where it can. */
export function whyNoThreads(): string | null {
  if (nodeModule()) return null;
  // The constructor of shared memory would succeed; only posting it fails.
  if (scope.crossOriginIsolated !== true)
    return `the page is not isolated (it has to come with ${isolation})`;
  return typeof Worker === "undefined" ? "there are no Workers here" : null;
}

/** A Worker that has taken `start`; rejects where its module does not load. */
export function spawn(start: Message, url: string | URL | null): Promise<Spawned> {
  const node = nodeModule();
  return node ? spawnInNode(node, start, url) : spawnInPage(start, url);
}

function spawnInPage(start: Message, url: string | URL | null): Promise<Spawned> {
  // Bundlers look for this expression as it stands.
  const worker = url
    ? new Worker(url, { type: "module" })
    : new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const spawned = { post: (message: Message) => worker.postMessage(message), stop: () => worker.terminate() };
  return new Promise((resolve, reject) => {
    worker.onmessage = () => resolve(spawned);
    worker.onerror = ({ message }) => {
      worker.terminate();
      reject(new Error(message || "its module could not be fetched"));
    };
    worker.postMessage(start);
  });
}

function spawnInNode(node: NodeModule, start: Message, url: string | URL | null): Promise<Spawned> {
  // Sources are TypeScript, which takes the flags of the process to load; some flags would keep a package's JavaScript from loading.
  const isSource = !url && import.meta.url.endsWith(".ts");
  const path = url ?? `./worker.${isSource ? "ts" : "js"}`;
  const worker = new node.Worker(new URL(path, import.meta.url), isSource ? {} : { execArgv: [] });
  const spawned = {
    post: (message: Message) => worker.postMessage(message),
    stop: () => void worker.terminate(),
  };
  return new Promise((resolve, reject) => {
    worker.on("message", () => {
      // A program ends although its threads wait for more.
      worker.unref();
      resolve(spawned);
    });
    worker.on("error", (error) => reject(error));
    worker.postMessage(start);
  });
}
