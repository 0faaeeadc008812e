/** The playground in Chromium: it trains, stops, steps, draws, speaks two languages, and never misbehaves. */
import { expect, test } from "@playwright/test";
import { address, type Backend, PlaygroundPage } from "./playgroundPage.ts";

const backends: readonly Backend[] = ["webgpu", "cpu"];

for (const backend of backends) {
  test(`first minute on ${backend}`, async ({ page, baseURL }) => {
    const playground = await PlaygroundPage.open(page, baseURL ?? "", address(backend));
    expect(await playground.place()).toBe(backend === "cpu" ? "cpu" : "software");
    const firstPicture = await playground.picture();
    const firstLoss = await playground.value("validation-loss");

    await page.keyboard.press("Space");
    await playground.reachSteps(1);
    const pictures = new Set([firstPicture]);
    await expect
      .poll(async () => pictures.add(await playground.picture()).size, { timeout: 60_000 })
      .toBeGreaterThan(4);
    await expect
      .poll(() => playground.value("validation-loss"), { timeout: 60_000 })
      .toBeLessThan(firstLoss * 0.7);

    await page.keyboard.press("Space");
    await expect.poll(() => playground.isRunning()).toBe(false);
    const stopped = await playground.value("steps");
    await page.waitForTimeout(500);
    expect(await playground.value("steps")).toBe(stopped);

    await playground.step.click();
    await expect(playground.figure("steps")).toHaveText((stopped + 1).toLocaleString("en"));
    await page.waitForTimeout(300);
    expect(await playground.value("steps")).toBe(stopped + 1);

    await playground.reset.click();
    await expect(playground.figure("steps")).toHaveText("0");
    await expect.poll(() => playground.picture()).toBe(firstPicture);
    expect(playground.faults).toEqual([]);
  });

  test(`the same seed replays the same losses on ${backend}`, async ({ page, baseURL }) => {
    const playground = await PlaygroundPage.open(page, baseURL ?? "", address(backend));
    const run = async () => {
      const losses: string[] = [];
      for (let step = 1; step <= 5; step++) {
        await playground.step.click();
        // A software GPU takes seconds to compile the first step.
        await expect(playground.figure("steps")).toHaveText(String(step), { timeout: 60_000 });
        losses.push((await playground.figure("loss").textContent()) ?? "");
      }
      return losses;
    };
    const first = await run();
    await playground.reset.click();
    await expect(playground.figure("steps")).toHaveText("0");
    expect(await run()).toEqual(first);
  });

  test(`digits on ${backend}`, async ({ page, baseURL }) => {
    const playground = await PlaygroundPage.open(page, baseURL ?? "", address(backend));
    await playground.chooseData("digits");
    await expect(page.locator("tenrec-draw canvas")).toBeVisible();
    await playground.play.click();
    await expect.poll(() => playground.value("accuracy"), { timeout: 90_000 }).toBeGreaterThan(90);

    await playground.draw([
      [0.3, 0.2],
      [0.7, 0.2],
      [0.62, 0.45],
      [0.45, 0.85],
    ]);
    const says = page.locator("tenrec-digits #says");
    await expect(says).toHaveText(/It is a \d: [\d.]+%/);
    await playground.pause();
    const bars = await page.locator("tenrec-digits .bars .number").allTextContents();
    const sum = bars.reduce((total, text) => total + Number.parseFloat(text), 0);
    expect(Math.abs(sum - 100)).toBeLessThan(1);
    await expect(says).toHaveText(/It is a 7/);

    const rows = page.locator("tenrec-confusion tbody tr");
    await expect(rows).toHaveCount(10);
    const cells = await page.locator("tenrec-confusion tbody td").allTextContents();
    expect(cells.reduce((total, text) => total + Number(text), 0)).toBe(359);

    await page.locator("tenrec-digits #clear").click();
    await expect(says).not.toHaveText(/It is/);
    expect(playground.faults).toEqual([]);
  });
}

test("the stack is edited in place, and the run starts again", async ({ page, baseURL }) => {
  const playground = await PlaygroundPage.open(page, baseURL ?? "", address("cpu"));
  const params = page.locator("tenrec-model #params");
  await expect(params).toHaveText("354 parameters");
  await page.getByRole("button", { name: "Dense" }).click();
  await expect(params).toHaveText("474 parameters");
  await page.getByRole("spinbutton", { name: "Units" }).first().fill("4");
  await expect(params).toHaveText("246 parameters");
  await page.getByRole("combobox", { name: "Activation" }).first().selectOption("tanh");
  await page.getByRole("button", { name: "Remove layer 2" }).click();
  await expect(params).toHaveText("70 parameters");
  await page.getByRole("button", { name: "Dropout" }).click();
  await page.getByRole("button", { name: "Move layer 3 up" }).click();
  await expect(page.locator("tenrec-model .card b")).toHaveText([
    "Input",
    "Dense",
    "Dropout",
    "Dense",
    "Output",
  ]);
  await playground.play.click();
  await playground.reachSteps(20);
  expect(playground.faults).toEqual([]);
});

test("training settings change while it trains, and weights are kept", async ({ page, baseURL }) => {
  const playground = await PlaygroundPage.open(page, baseURL ?? "", address("cpu"));
  await playground.play.click();
  await playground.reachSteps(20);
  await page.locator("tenrec-train tenrec-number").first().getByRole("spinbutton").fill("0.001");
  await page.locator("tenrec-train tenrec-number").nth(1).getByRole("spinbutton").fill("10");
  await page.locator("tenrec-train #optimizer").selectOption("rmsprop");
  const now = await playground.value("steps");
  await playground.reachSteps(now + 20);
  expect(await playground.isRunning()).toBe(true);
  expect(playground.faults).toEqual([]);
});

test("a bad setting is refused at its field", async ({ page, baseURL }) => {
  const playground = await PlaygroundPage.open(page, baseURL ?? "", address("cpu"));
  const batch = page.locator("tenrec-train tenrec-number").nth(1);
  const box = batch.getByRole("spinbutton");
  await box.fill("0");
  await expect(batch.getByRole("alert")).toHaveText("Enter a value from 1 to 512.");
  await expect(box).toHaveAttribute("aria-invalid", "true");
  await box.fill("2.5");
  await expect(batch.getByRole("alert")).toHaveText("Enter a whole number.");
  await box.fill("");
  await expect(batch.getByRole("alert")).toHaveText("Enter a number.");
  await box.fill("16");
  await expect(batch.getByRole("alert")).toHaveCount(0);
  expect(playground.faults).toEqual([]);
});

for (const backend of backends) {
  test(`a loss that is not finite pauses the training on ${backend}`, async ({ page, baseURL }) => {
    const playground = await PlaygroundPage.open(page, baseURL ?? "", address(backend));
    for (const index of [0, 1]) {
      await page.getByRole("combobox", { name: "Activation" }).nth(index).selectOption("linear");
    }
    await page.locator("tenrec-train #optimizer").selectOption("momentum");
    await page.locator("tenrec-train tenrec-number").first().getByRole("spinbutton").fill("10");
    await playground.play.click();
    const banner = page.locator("tenrec-problem [role=alert]");
    await expect(banner).toHaveText(/loss of step [\d,]+ is not finite/, { timeout: 60_000 });
    expect(await playground.isRunning()).toBe(false);
    await expect.poll(() => playground.value("validation-loss")).toBeLessThan(Infinity);

    await banner.getByRole("button", { name: "Reset" }).click();
    await expect(banner).toHaveCount(0);
    await expect(playground.figure("steps")).toHaveText("0");
    await page.locator("tenrec-train tenrec-number").first().getByRole("spinbutton").fill("0.001");
    await playground.play.click();
    await playground.reachSteps(20);
    expect(playground.faults).toEqual([]);
  });
}

const waysOn = [
  ["Start again", "software"],
  ["Use the CPU", "cpu"],
] as const;

for (const [way, place] of waysOn) {
  test(`a lost GPU is told; "${way}" goes on from the last weights`, async ({ page, baseURL }) => {
    const playground = await PlaygroundPage.open(page, baseURL ?? "", address("webgpu"));
    await playground.play.click();
    await playground.reachSteps(100);
    await expect.poll(() => playground.value("accuracy"), { timeout: 60_000 }).toBeGreaterThan(70);
    // Checkpoints are a second apart: on a fast machine the first hundred steps are over before there is a second one.
    await page.waitForTimeout(1500);
    const session = await page.context().browser()?.newBrowserCDPSession();
    await session?.send("Browser.crashGpuProcess");

    const banner = page.locator("tenrec-problem [role=alert]");
    await expect(banner).toHaveText(/graphics device was lost/, { timeout: 60_000 });
    expect(await playground.isRunning()).toBe(false);
    await banner.getByRole("button", { name: way }).click();
    await expect(banner).toHaveCount(0);
    await expect.poll(() => playground.place(), { timeout: 60_000 }).toBe(place);
    await expect.poll(() => playground.value("steps"), { timeout: 60_000 }).toBeGreaterThan(20);
    await expect.poll(() => playground.value("accuracy"), { timeout: 60_000 }).toBeGreaterThan(60);
    const resumed = await playground.value("steps");
    await playground.play.click();
    await playground.reachSteps(resumed + 20);
  });
}
