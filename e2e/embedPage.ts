/** The embedding page: whether it has learned XOR, and what it computed with. */
import { expect, type Page } from "@playwright/test";

/** Waits until the page has trained, and holds its results against what XOR is. `faults` fills as the page misbehaves. */
export async function expectXor(page: Page, faults: readonly string[] = []): Promise<void> {
  // A page whose script never started says so in its faults, at once.
  const status = page.locator("#status");
  const ended = async () => faults.length > 0 || (await status.textContent()) !== "training";
  await expect.poll(ended, { timeout: 60_000 }).toBe(true);
  expect(faults).toEqual([]);
  await expect(status).toHaveText("done");

  const number = async (id: string) => Number(await page.locator(id).textContent());
  expect(await number("#lastLoss")).toBeLessThan(0.1);
  expect(await number("#lastLoss")).toBeLessThan((await number("#firstLoss")) / 5);
  const predictions = (await page.locator("#predictions").textContent())?.split(", ").map(Number);
  expect(predictions?.map(Math.round)).toEqual([0, 1, 1, 0]);
  expect(faults).toEqual([]);
}

/** Features of the device, as `init` names them. */
export async function featuresOf(page: Page): Promise<string[]> {
  const text = await page.locator("#features").textContent();
  return text ? text.split(", ") : [];
}
