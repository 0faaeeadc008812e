/** A static file server on 127.0.0.1 for tests: right MIME types, and where asked a content security policy and isolation. */
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { isMain, root } from "./common.mjs";

const types = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

/** Nothing inline, nothing evaluated, nothing from elsewhere: what a careful site sends. */
export const strictPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'";

/** The same, but WebAssembly may be compiled. */
export const wasmPolicy = strictPolicy.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'");

/** What a page and the modules of its Workers come with, so that they may share memory. */
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

function findFile(folder, url) {
  const path = normalize(decodeURIComponent(new URL(url, "http://host").pathname));
  const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat?.isFile() ? { file, size: stat.size } : undefined;
}

/**
 * Serves `folder`; `policies` gives the Content-Security-Policy of pages whose address starts with a key; the first that
 * fits counts. Pages whose address starts with one of `isolated` are cross-origin isolated.
 *
 * @param {{ folder?: string, port?: number, policies?: Record<string, string>, isolated?: readonly string[] }} [options]
 * @returns {Promise<{ url: string, close: () => void }>}
 */
export function serve({ folder = root, port = 0, policies = {}, isolated = [] } = {}) {
  const server = createServer((request, response) => {
    // A page without an icon asks for this one; a 404 would stand in its console as an error.
    if (request.url === "/favicon.ico") return response.writeHead(204).end();
    const found = findFile(folder, request.url);
    if (!found) return response.writeHead(404, { "Content-Type": "text/plain" }).end("not found\n");
    const policy = Object.entries(policies).find(([prefix]) => request.url.startsWith(prefix))?.[1];
    response.writeHead(200, {
      "Content-Type": types[extname(found.file)] ?? "application/octet-stream",
      "Content-Length": found.size,
      "Cache-Control": "no-store",
      ...(policy && { "Content-Security-Policy": policy }),
      ...(isolated.some((prefix) => request.url.startsWith(prefix)) && isolation),
    });
    createReadStream(found.file).pipe(response);
  });
  return new Promise((resolve) => {
    server.listen(port, "127.0.0.1", () => {
      const close = () => {
        server.closeAllConnections();
        server.close();
      };
      resolve({ url: `http://127.0.0.1:${server.address().port}`, close });
    });
  });
}

if (isMain(import.meta)) {
  const worker = "/packages/tenrec/dist/worker.js";
  const { url } = await serve({
    port: Number(process.argv[2] ?? 0),
    policies: {
      "/e2e/embed/index.html?wasm": wasmPolicy,
      "/e2e/embed/threads.html": wasmPolicy,
      "/e2e/embed/": strictPolicy,
      [worker]: wasmPolicy,
    },
    isolated: ["/e2e/embed/threads.html?isolated", worker],
  });
  console.log(url);
}
