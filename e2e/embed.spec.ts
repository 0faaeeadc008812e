/** The embedding story: one module file in a plain page under a strict policy trains and predicts, on each backend. */
import { expect, test } from "@playwright/test";
import { expectXor } from "./embedPage.ts";
import { reportPolicyViolations, watchPage } from "./watch.ts";

const pages = [
  { backend: "webgpu", query: "backend=webgpu", scripts: "script-src 'self';" },
  { backend: "cpu", query: "wasm&backend=cpu", scripts: "script-src 'self' 'wasm-unsafe-eval';" },
  { backend: "cpu", query: "backend=cpu&javascript", scripts: "script-src 'self';" },
];

for (const { backend, query, scripts } of pages) {
  test(`a plain page trains XOR with ${query}`, async ({ page, baseURL }) => {
    const faults = watchPage(page, baseURL ?? "");
    await reportPolicyViolations(page);
    const response = await page.goto(`/e2e/embed/index.html?${query}`);
    expect(response?.headers()["content-security-policy"]).toContain(scripts);
    await expectXor(page, faults);
    await expect(page.locator("#backend")).toHaveText(backend);
  });
}

test("the policy of that page is in force", async ({ page }) => {
  await page.goto("/e2e/embed/policy.html");
  await expect(page.locator("#evaluated")).toHaveText("refused");
  await expect(page.locator("#inline")).toHaveText("refused");
});
