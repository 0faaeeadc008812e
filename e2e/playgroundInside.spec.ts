/** The playground's convolutional network: it trains, and shows its filters and what each layer makes of a drawn digit. */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page, test } from "@playwright/test";
import { address, type Backend, linkOf, PlaygroundPage } from "./playgroundPage.ts";

/** How many different colours a canvas of the inside view shows; 1 is an empty one. */
const colours = (page: Page, figure: string, index: number) =>
  page
    .locator(`tenrec-inside ${figure} canvas`)
    .nth(index)
    .evaluate((canvas: HTMLCanvasElement) => {
      const { width, height } = canvas;
      const { data } = canvas.getContext("2d")?.getImageData(0, 0, width, height) ?? { data: [] };
      const found = new Set<number>();
      for (let at = 0; at < data.length; at += 4) {
        found.add(((data[at] ?? 0) << 16) | ((data[at + 1] ?? 0) << 8) | (data[at + 2] ?? 0));
      }
      return found.size;
    });

const picture = (page: Page, figure: string) =>
  page
    .locator(`tenrec-inside ${figure} canvas`)
    .first()
    .evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());

/** A link to the pictures project with few rows and small batches, so that a software GPU takes steps in no time. */
const small = { set: "pictures", data: { samples: 200 }, train: { batchSize: 16 } };
/** A software GPU compiles for seconds: there the shortest stack that has something to show. */
const short = {
  layers: [
    { kind: "conv", filters: 8, kernel: 3, activation: "relu" },
    { kind: "pool", size: 2 },
  ],
};

function open(page: Page, baseURL: string | undefined, backend: Backend, query = "") {
  const link = linkOf(backend === "webgpu" ? { ...small, model: short } : small);
  return PlaygroundPage.open(page, baseURL ?? "", address(backend, query) + link);
}

for (const backend of ["cpu", "webgpu"] as const) {
  test(`a convolutional network on ${backend}: loss, filters, maps of a drawn digit`, async ({
    page,
    baseURL,
  }) => {
    const playground = await open(page, baseURL, backend);
    const firstLoss = await playground.value("validation-loss");
    const filters = page.locator("tenrec-inside .filters canvas");
    await expect(filters).toHaveCount(backend === "cpu" ? 2 : 1);
    await expect(page.locator("tenrec-inside .maps canvas")).toHaveCount(backend === "cpu" ? 3 : 2);
    const [firstFilters, firstMaps] = [await picture(page, ".filters"), await picture(page, ".maps")];

    await playground.play.click();
    await playground.reachSteps(20);
    await expect
      .poll(() => playground.value("validation-loss"), { timeout: 60_000 })
      .toBeLessThan(firstLoss * 0.9);
    await playground.draw([
      [0.5, 0.15],
      [0.5, 0.85],
    ]);
    await expect(page.locator("tenrec-digits #says")).toHaveText(/It is a \d/);
    await playground.pause();
    for (const figure of [".filters", ".maps"]) {
      const count = await page.locator(`tenrec-inside ${figure} canvas`).count();
      for (let index = 0; index < count; index++)
        expect(await colours(page, figure, index)).toBeGreaterThan(4);
    }
    expect(await picture(page, ".filters")).not.toBe(firstFilters);
    expect(await picture(page, ".maps")).not.toBe(firstMaps);
    await expect(filters.first()).toHaveAttribute("aria-label", /8 filters of 3 × 3 pixels over 1 inputs/);

    const drawn = await picture(page, ".maps");
    await page.locator("#next-sample").click();
    await expect.poll(() => picture(page, ".maps")).not.toBe(drawn);
    await page.locator("#clear").click();
    await expect(page.locator("tenrec-inside .maps")).toHaveCount(0);
    expect(playground.faults).toEqual([]);
  });
}

test("convolutions are added before dense layers, and stay there", async ({ page, baseURL }) => {
  const playground = await open(page, baseURL, "cpu");
  const titles = page.locator("tenrec-model .card b");
  await page.locator("tenrec-model .add").getByRole("button", { name: "MaxPooling2D" }).click();
  await expect(titles).toHaveText([
    "Input",
    "Conv2D",
    "MaxPooling2D",
    "Conv2D",
    "MaxPooling2D",
    "Dense",
    "Output",
  ]);
  await expect(page.getByRole("button", { name: "Move layer 4 down" })).toBeDisabled();
  await expect(page.getByRole("button", { name: "Move layer 5 up" })).toBeDisabled();
  await expect(page.locator("tenrec-inside li")).toHaveCount(4, { timeout: 30_000 });
  for (let count = 0; count < 5; count++) {
    await page.getByRole("button", { name: "Remove layer 1" }).click();
  }
  await expect(page.locator("tenrec-inside")).toHaveText(/no convolution and no pooling/, {
    timeout: 30_000,
  });
  await playground.step.click();
  await expect(playground.figure("steps")).toHaveText("1");
  expect(playground.faults).toEqual([]);
});

test("axe finds nothing on the convolutional network, light and dark, wide and narrow", async ({
  page,
  baseURL,
}) => {
  const playground = await open(page, baseURL, "cpu", "&lang=ko");
  await playground.step.click();
  await expect(playground.figure("steps")).toHaveText("1");
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
