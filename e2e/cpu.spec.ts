/** The cpu backend in browsers and under policies that have WebAssembly, and in those that have none. */
import { chromium, expect, type Page, test } from "@playwright/test";
import { launchOptions } from "../tools/browser.mjs";
import { expectXor, featuresOf } from "./embedPage.ts";
import { reportPolicyViolations, watchPage } from "./watch.ts";

const address = "/e2e/embed/index.html";

const threadsAddress = "/e2e/embed/threads.html";

/** What the page says as warnings, which are tenrec's notices. */
function listen(page: Page): string[] {
  const notices: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "warning") notices.push(message.text());
  });
  return notices;
}

/** That JavaScript computes, once, and why. */
function expectNotice(notices: readonly string[], reason: RegExp): void {
  expect(notices).toHaveLength(1);
  expect(notices[0]).toMatch(/^tenrec: the cpu backend computes in JavaScript, many times slower/);
  expect(notices[0]).toMatch(reason);
}

test("'wasm-unsafe-eval' is all that WebAssembly asks for; the page need not be isolated", async ({
  page,
  baseURL,
}) => {
  const faults = watchPage(page, baseURL ?? "");
  const notices = listen(page);
  await reportPolicyViolations(page);
  await page.goto(`${address}?wasm&backend=cpu`);
  await expectXor(page, faults);
  expect(await featuresOf(page)).toEqual(["wasm-simd", "relaxed-simd"]);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  expect(notices).toEqual([]);
});

test("a policy without it: JavaScript trains, with one notice, and the question is the only violation", async ({
  page,
  baseURL,
}) => {
  const faults = watchPage(page, baseURL ?? "");
  const notices = listen(page);
  await reportPolicyViolations(page);
  await page.goto(`${address}?backend=cpu`);
  await expectXor(page);
  expect(await featuresOf(page)).toEqual([]);
  expectNotice(notices, /because WebAssembly may not be compiled here: .*'wasm-unsafe-eval'/);
  expect(faults).toEqual(["console: policy: script-src wasm-eval"]);
});

test("who refuses WebAssembly is not asked about it: no notice, no violation", async ({ page, baseURL }) => {
  const faults = watchPage(page, baseURL ?? "");
  const notices = listen(page);
  await reportPolicyViolations(page);
  await page.goto(`${address}?backend=cpu&javascript`);
  await expectXor(page, faults);
  expect(await featuresOf(page)).toEqual([]);
  expect(notices).toEqual([]);
});

test("a browser without WebAssembly", async ({ page, baseURL }) => {
  const faults = watchPage(page, baseURL ?? "");
  const notices = listen(page);
  await page.addInitScript(() => Reflect.deleteProperty(globalThis, "WebAssembly"));
  await page.goto(`${address}?wasm&backend=cpu`);
  await expectXor(page, faults);
  expect(await featuresOf(page)).toEqual([]);
  expectNotice(notices, /because this browser has no WebAssembly\.$/);
});

test("a machine without SIMD", async ({ baseURL }) => {
  test.skip(process.arch !== "x64", "Only x64 has a switch for the instructions that SIMD needs.");
  const options = launchOptions();
  const args = [...options.args, "--js-flags=--no-enable-sse4-1"];
  const browser = await chromium.launch({ ...options, args });
  try {
    const page = await browser.newPage();
    const faults = watchPage(page, baseURL ?? "");
    const notices = listen(page);
    await page.goto(`${baseURL}${address}?wasm&backend=cpu`);
    await expectXor(page, faults);
    expect(await featuresOf(page)).toEqual([]);
    expectNotice(notices, /because WebAssembly has no SIMD here\.$/);
  } finally {
    await browser.close();
  }
});

/** Features and losses of a page that trains in threads. */
async function trainInThreads(page: Page, query: string): Promise<{ features: string[]; losses: number[] }> {
  await page.goto(`${threadsAddress}?${query}`);
  const status = page.locator("#status");
  await expect(status).not.toHaveText("training", { timeout: 60_000 });
  await expect(status).toHaveText("done");
  const losses = JSON.parse((await page.locator("#losses").textContent()) ?? "");
  return { features: await featuresOf(page), losses };
}

test("an isolated page trains in two threads, to the bits of one", async ({ page, baseURL }) => {
  const faults = watchPage(page, baseURL ?? "");
  const notices = listen(page);
  await reportPolicyViolations(page);
  const alone = await trainInThreads(page, "isolated&threads=1");
  expect(page.workers()).toHaveLength(0);
  const shared = await trainInThreads(page, "isolated&threads=2");
  expect(page.workers()).toHaveLength(1);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  expect(shared.features).toEqual([...alone.features, "threads"]);
  expect(shared.losses).toHaveLength(10);
  expect(shared.losses.at(-1)).toBeLessThan(shared.losses[0]!);
  expect(shared.losses).toEqual(alone.losses);
  expect(faults).toEqual([]);
  expect(notices).toEqual([]);
});

test("a page that is not isolated trains in one thread, and says why", async ({ page, baseURL }) => {
  const faults = watchPage(page, baseURL ?? "");
  const notices = listen(page);
  const { features, losses } = await trainInThreads(page, "threads=2");
  expect(features).toEqual(["wasm-simd", "relaxed-simd"]);
  expect(losses.at(-1)).toBeLessThan(losses[0]!);
  expect(notices).toHaveLength(1);
  expect(notices[0]).toMatch(
    /^tenrec: the cpu backend computes in one thread, because the page is not isolated/,
  );
  expect(faults).toEqual([]);
});
