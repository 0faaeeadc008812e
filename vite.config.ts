/** Serves and builds the playground; relative addresses let its build run from any folder of any host. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL("apps/playground", import.meta.url)),
  base: "./",
  build: { outDir: "dist", emptyOutDir: true, target: "es2023" },
  worker: { format: "es" },
  server: { host: "127.0.0.1" },
});
