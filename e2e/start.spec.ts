/** The first command of the README: `npm start` prints an address, and the playground there starts without a fault. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "@playwright/test";
import { watchPage } from "./watch.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
let server: ChildProcess;

/** Starts the command as a user does and waits for the address it prints. */
function start(): Promise<string> {
  // A group of its own: npm starts node, which starts vite, and all of them have to end.
  server = spawn("npm", ["start", "--", "--port", "0"], { cwd: root, detached: true });
  let output = "";
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk;
      const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");
      const url = output.replace(escapes, "").match(/http:\/\/127\.0\.0\.1:\d+\//)?.[0];
      if (url) resolve(url);
    };
    server.stdout?.on("data", read);
    server.stderr?.on("data", read);
    server.on("exit", (code) => reject(new Error(`npm start ended with ${code}:\n${output}`)));
  });
}

test.afterEach(() => {
  if (server.pid !== undefined && server.exitCode === null) process.kill(-server.pid, "SIGTERM");
});

test("npm start serves a playground that trains", async ({ page }) => {
  const url = await start();
  const faults = watchPage(page, new URL(url).origin);
  await page.goto(url);
  await expect(page).toHaveTitle(/Tenrec/);
  await expect(page.getByRole("button", { name: "Play" })).toBeVisible({ timeout: 30_000 });
  // The model is there once its validation loss is shown.
  await page.locator("tenrec-bar #validation-loss").filter({ hasText: /\d/ }).waitFor();
  await page.getByRole("button", { name: "Play" }).click();
  const steps = async () =>
    Number((await page.locator("tenrec-bar #steps").textContent())?.replaceAll(",", ""));
  await expect.poll(steps, { timeout: 30_000 }).toBeGreaterThan(20);
  expect(faults).toEqual([]);
});
