/** The playground's character model: it trains on windows of a text and writes while it does, without stalling. */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { address, type Backend, linkOf, PlaygroundPage, projectInAddress } from "./playgroundPage.ts";

/** A link to the text project with few units and small batches, so that a software GPU takes steps in no time. */
const link = linkOf({
  set: "text",
  model: {
    layers: [
      { kind: "embedding", units: 16 },
      { kind: "gru", units: 16 },
    ],
  },
  train: { batchSize: 8 },
  view: { sampleEvery: 10 },
});

const open = (page: Page, baseURL: string | undefined, backend: Backend, query = "") =>
  PlaygroundPage.open(page, baseURL ?? "", address(backend, query) + link);

const written = (page: Page) => page.locator("tenrec-writing #written blockquote");

for (const backend of ["cpu", "webgpu"] as const) {
  test(`a character model on ${backend}: falling loss, text by the way, text on demand`, async ({
    page,
    baseURL,
  }) => {
    const playground = await open(page, baseURL, backend);
    const firstLoss = await playground.value("validation-loss");
    expect(firstLoss).toBeCloseTo(Math.log(62), 0);
    await playground.play.click();
    await playground.reachSteps(25);
    await expect
      .poll(() => playground.value("validation-loss"), { timeout: 60_000 })
      .toBeLessThan(firstLoss - 0.3);
    await expect(page.locator("tenrec-writing figcaption").first()).toHaveText(/After [1-9][\d,]* steps/, {
      timeout: 30_000,
    });
    await expect(written(page)).toHaveText(/^And now, .{8}/s);
    await expect(page.locator("tenrec-writing #reading")).toHaveText(/reads [\d,]+ characters per second/);

    // A fast backend would push the first texts out of the list.
    await playground.pause();
    await page.locator("tenrec-writing #prompt").fill("The light ");
    await page.locator("tenrec-writing #prompt").press("Enter");
    await expect(written(page)).toHaveText(/^The light .{20}/s, { timeout: 30_000 });
    await expect(page.locator("tenrec-writing #earlier li").first()).toHaveText(/And now, /);
    const steps = await playground.value("steps");
    await playground.play.click();
    await playground.reachSteps(steps + 5);
    await playground.pause();
    expect(playground.faults).toEqual([]);
  });
}

test("reset forgets what was written, and writes as the untrained model does", async ({ page, baseURL }) => {
  const playground = await open(page, baseURL, "cpu");
  await expect(written(page)).toHaveText(/^And now, .{8}/s, { timeout: 30_000 });
  await page.locator("tenrec-writing #generate").click();
  await expect(page.locator("tenrec-writing #earlier li")).not.toHaveCount(0, { timeout: 30_000 });
  await playground.step.click();
  await expect(playground.figure("steps")).toHaveText("1");
  await playground.reset.click();
  await expect(playground.figure("steps")).toHaveText("0");
  await expect(page.locator("tenrec-writing #earlier")).toHaveCount(0);
  await expect(written(page)).toHaveText(/^And now, .{8}/s, { timeout: 30_000 });
  expect(playground.faults).toEqual([]);
});

test("other layers: LSTM and a transformer block; the embedding stays first", async ({ page, baseURL }) => {
  const playground = await open(page, baseURL, "cpu");
  const firstLoss = await playground.value("validation-loss");
  const add = page.locator("tenrec-model .add");
  await page.getByRole("button", { name: "Remove layer 2" }).click();
  await add.getByRole("button", { name: "Transformer block" }).click();
  await add.getByRole("button", { name: "LSTM" }).click();
  await expect(page.locator("tenrec-model .card b")).toHaveText([
    "Input",
    "Embedding",
    "Transformer block",
    "LSTM",
    "Output",
  ]);
  await expect(page.getByRole("button", { name: "Move layer 2 up" })).toBeDisabled();
  await expect(page.getByRole("button", { name: "Remove layer 1" })).toHaveCount(0);
  await playground.play.click();
  await playground.reachSteps(20);
  await expect.poll(() => playground.value("validation-loss"), { timeout: 60_000 }).toBeLessThan(firstLoss);
  expect(playground.faults).toEqual([]);
});

test("a text is finished and told; characters that are not known are named; a link carries the prompt", async ({
  page,
  baseURL,
}) => {
  const playground = await open(page, baseURL, "cpu");
  await page.locator("tenrec-writing #prompt").fill("é 한글 the");
  await expect(page.locator("tenrec-writing #unknown")).toHaveText(
    "The text has no é 한 글. The model leaves that out.",
  );
  await page.locator("tenrec-writing #generate").click();
  await expect(written(page)).toHaveText(/^é 한글 the.{10}/s, { timeout: 30_000 });
  const sheet = page.locator("tenrec-writing #written");
  await expect(sheet).toHaveAttribute("data-done", "true", { timeout: 30_000 });
  expect((await written(page).textContent())?.length).toBe("é 한글 the".length + 240);
  await expect(page.locator("#live")).toHaveText(/^The model wrote: é 한글 the/);
  await page.locator("tenrec-writing tenrec-number").first().getByRole("spinbutton").fill("3");
  await expect(page.locator("tenrec-writing [role=alert]").last()).toHaveText("Enter a value from 0.1 to 2.");
  await expect.poll(() => projectInAddress(page)).toContain("é 한글 the");
  await page.reload();
  await playground.ready();
  await expect(page.locator("tenrec-writing #prompt")).toHaveValue("é 한글 the");
  expect(playground.faults).toEqual([]);
});

test("axe finds nothing on the character model, light and dark, wide and narrow", async ({
  page,
  baseURL,
}) => {
  const playground = await open(page, baseURL, "cpu", "&lang=ko");
  await playground.step.click();
  await expect(playground.figure("steps")).toHaveText("1");
  await expect(written(page)).toHaveText(/^And now, .{8}/s, { timeout: 30_000 });
  await page.locator("tenrec-writing #prompt").fill("한글");
  await page.locator("tenrec-writing #generate").click();
  await expect(page.locator("tenrec-writing #earlier li")).not.toHaveCount(0, { timeout: 30_000 });
  for (const [colorScheme, width] of [
    ["light", 1280],
    ["dark", 390],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 844 });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join("; ")}`),
    ).toEqual([]);
    expect(await playground.hasSidewaysScroll()).toBe(false);
  }
  expect(playground.faults).toEqual([]);
});
