/** The playground for everyone: keyboard alone, screen readers, Korean, dark, a phone; and links that carry a project. */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { address, PlaygroundPage, projectInAddress } from "./playgroundPage.ts";

/** Presses Tab until the focus is on an element whose accessible text matches, or fails. */
async function tabTo(page: Page, text: RegExp, most = 60): Promise<void> {
  for (let press = 0; press < most; press++) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => {
      let element = document.activeElement;
      while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
      const label =
        element?.getAttribute("aria-label") ?? (element as HTMLInputElement | null)?.labels?.[0]?.textContent;
      return (label ?? element?.textContent ?? "").trim();
    });
    if (text.test(focused)) return;
  }
  throw new Error(`tabTo: no element ${text} within ${most} presses of Tab.`);
}

test("keyboard alone: data, layer, training, reset", async ({ page, baseURL }) => {
  const playground = await PlaygroundPage.open(page, baseURL ?? "", address("cpu"));
  await expect(playground.play).toBeFocused();
  await tabTo(page, /^Spiral$/);
  await page.keyboard.press("ArrowRight");
  await expect(page.locator("tenrec-data input[value=moons]")).toBeChecked();
  await tabTo(page, /^Move layer 2 up$/);
  await page.keyboard.press("Enter");
  await tabTo(page, /^Dropout$/);
  await page.keyboard.press("Enter");
  await expect(page.locator("tenrec-model .card b")).toHaveText([
    "Input",
    "Dense",
    "Dense",
    "Dropout",
    "Output",
  ]);
  await page.keyboard.press("Escape");
  await page.locator("body").evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    (element as HTMLElement | null)?.blur();
  });
  await page.keyboard.press(".");
  await expect(playground.figure("steps")).toHaveText("1");
  await page.keyboard.press("Space");
  await playground.reachSteps(20);
  await page.keyboard.press("Space");
  await expect(page.locator("#live")).toHaveText(/Paused at step/);
  await page.keyboard.press("r");
  await expect(playground.figure("steps")).toHaveText("0");
  expect(playground.faults).toEqual([]);
});

test("a digit is chosen without a pointer", async ({ page, baseURL }) => {
  const playground = await PlaygroundPage.open(page, baseURL ?? "", address("cpu"));
  await playground.chooseData("digits");
  await playground.ready();
  await tabTo(page, /^Next sample$/);
  await page.keyboard.press("Enter");
  await expect(page.locator("tenrec-digits #sample")).toHaveText(/1 of 359, true digit \d/);
  await expect(page.locator("tenrec-digits #says")).toHaveText(/It is a \d/);
  expect(playground.faults).toEqual([]);
});

test("keys train nothing while a field is being edited", async ({ page, baseURL }) => {
  const playground = await PlaygroundPage.open(page, baseURL ?? "", address("cpu"));
  await page.getByRole("spinbutton", { name: "Units" }).first().focus();
  for (const key of [".", "r", "Space"]) await page.keyboard.press(key);
  await page.waitForTimeout(300);
  expect(await playground.value("steps")).toBe(0);
  expect(await playground.isRunning()).toBe(false);
});

test("Korean, kept for the next visit", async ({ page, baseURL }) => {
  const playground = await PlaygroundPage.open(page, baseURL ?? "", address("cpu"));
  await page.locator("#language").selectOption("ko");
  await expect(page.locator("html")).toHaveAttribute("lang", "ko");
  await expect(playground.play).toHaveText(/재생/);
  await page.reload();
  await playground.ready();
  await expect(playground.play).toHaveText(/재생/);
  await expect(page).toHaveTitle("텐렉 플레이그라운드");
  expect(playground.faults).toEqual([]);
});

test("a link carries the project; a damaged one is told", async ({ page, baseURL }) => {
  const playground = await PlaygroundPage.open(page, baseURL ?? "", address("cpu"));
  await playground.chooseData("xor");
  await page.getByRole("spinbutton", { name: "Units" }).first().fill("5");
  await expect.poll(() => projectInAddress(page)).toContain('"units":5');
  await page.reload();
  await playground.ready();
  await expect(page.locator("tenrec-data input[value=xor]")).toBeChecked();
  await expect(page.getByRole("spinbutton", { name: "Units" }).first()).toHaveValue("5");

  await page.goto("about:blank");
  await page.goto(`${address("cpu")}#s=1.AAAA`);
  await expect(page.locator("tenrec-problem [role=alert]")).toHaveText(/link carries settings/);
  await playground.ready();
  expect(playground.faults).toEqual([]);
});

test("a phone of 390 px: no sideways scroll, the play bar in reach", async ({ page, baseURL }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const playground = await PlaygroundPage.open(page, baseURL ?? "", address("cpu"));
  await expect(playground.play).toBeInViewport({ ratio: 1 });
  for (const set of ["spiral", "digits", "pictures", "text"]) {
    await playground.show("data");
    await playground.chooseData(set);
    await playground.ready();
    for (const region of ["data", "model", "result"] as const) {
      await playground.show(region);
      expect(await playground.hasSidewaysScroll()).toBe(false);
      await expect(playground.play).toBeInViewport({ ratio: 1 });
    }
  }
  await playground.play.click();
  await playground.reachSteps(20);
  expect(await playground.hasSidewaysScroll()).toBe(false);
  expect(playground.faults).toEqual([]);
});

/** Language, colours and data: every pair of two of them. */
const looks = [
  ["en", "light", "spiral"],
  ["en", "dark", "digits"],
  ["ko", "light", "digits"],
  ["ko", "dark", "spiral"],
] as const;

for (const [locale, colorScheme, set] of looks) {
  test(`axe finds nothing: ${locale}, ${colorScheme}, ${set}`, async ({ page, baseURL }) => {
    await page.emulateMedia({ colorScheme });
    const playground = await PlaygroundPage.open(page, baseURL ?? "", address("cpu", `&lang=${locale}`));
    await expect(page.locator("html")).toHaveAttribute("data-theme", colorScheme);
    await playground.chooseData(set);
    await playground.play.click();
    await playground.reachSteps(20);
    await playground.pause();
    await page.locator("tenrec-curves summary").click();
    await page.locator("tenrec-backend summary").click();
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 844 });
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(
        violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join("; ")}`),
      ).toEqual([]);
    }
    expect(playground.faults).toEqual([]);
  });
}
