/** The embedding story: one module file in a plain page under a strict policy trains and predicts, on each backend. */
import { expect, test } from "@playwright/test";
import { reportPolicyViolations, watchPage } from "./watch.ts";

for (const backend of ["webgpu", "cpu"]) {
  test(`a plain page trains XOR on ${backend}`, async ({ page, baseURL }) => {
    const faults = watchPage(page, baseURL ?? "");
    await reportPolicyViolations(page);
    const response = await page.goto(`/e2e/embed/index.html?backend=${backend}`);
    expect(response?.headers()["content-security-policy"]).toContain("script-src 'self'");

    // A page whose script never started says so in its faults, at once.
    const status = page.locator("#status");
    const ended = async () => faults.length > 0 || (await status.textContent()) !== "training";
    await expect.poll(ended, { timeout: 60_000 }).toBe(true);
    expect(faults).toEqual([]);
    await expect(status).toHaveText("done");
    await expect(page.locator("#backend")).toHaveText(backend);

    const number = async (id: string) => Number(await page.locator(id).textContent());
    expect(await number("#lastLoss")).toBeLessThan(0.1);
    expect(await number("#lastLoss")).toBeLessThan((await number("#firstLoss")) / 5);
    const predictions = (await page.locator("#predictions").textContent())?.split(", ").map(Number);
    expect(predictions?.map(Math.round)).toEqual([0, 1, 1, 0]);
    expect(faults).toEqual([]);
  });
}

test("the policy of that page is in force", async ({ page }) => {
  await page.goto("/e2e/embed/policy.html");
  await expect(page.locator("#evaluated")).toHaveText("refused");
  await expect(page.locator("#inline")).toHaveText("refused");
});
