/** The playground as its tests see it: by what is on the screen, never by its code. */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { expect, type Locator, type Page } from "@playwright/test";
import { reportPolicyViolations, watchPage } from "./watch.ts";

export type Backend = "webgpu" | "cpu";

export const address = (backend: Backend, query = "") =>
  `/apps/playground/dist/index.html?backend=${backend}${query}`;

/** The end of an address that opens the playground with a project, as "Copy link" makes it. */
export const linkOf = (project: Readonly<Record<string, unknown>>) =>
  `#s=1.${deflateRawSync(JSON.stringify({ v: 1, ...project })).toString("base64url")}`;

/** The JSON of the project that the page's address carries; empty without one. The address follows a moment after a change. */
export function projectInAddress(page: Page): string {
  const packed = page.url().split("#s=1.")[1];
  return packed === undefined ? "" : inflateRawSync(Buffer.from(packed, "base64url")).toString();
}

export class PlaygroundPage {
  readonly page: Page;
  readonly faults: string[];
  readonly play: Locator;
  readonly step: Locator;
  readonly reset: Locator;

  private constructor(page: Page, faults: string[]) {
    this.page = page;
    this.faults = faults;
    const bar = page.locator("tenrec-bar .transport button");
    this.play = bar.nth(0);
    this.step = bar.nth(1);
    this.reset = bar.nth(2);
  }

  /** Opens the built playground and waits until the model has been built and looked at once. */
  static async open(page: Page, baseURL: string, path: string): Promise<PlaygroundPage> {
    const opened = new PlaygroundPage(page, watchPage(page, baseURL));
    await reportPolicyViolations(page);
    await page.goto(path);
    await opened.ready();
    return opened;
  }

  async ready(): Promise<void> {
    await expect(this.figure("validation-loss")).toHaveText(/\d/, { timeout: 60_000 });
  }

  /** One of the figures of the training bar. */
  figure(id: "steps" | "epochs" | "loss" | "validation-loss" | "accuracy"): Locator {
    return this.page.locator(`tenrec-bar #${id}`);
  }

  async value(id: Parameters<PlaygroundPage["figure"]>[0]): Promise<number> {
    return Number((await this.figure(id).textContent())?.replaceAll(",", "").replace("%", ""));
  }

  async reachSteps(count: number): Promise<void> {
    await expect.poll(() => this.value("steps"), { timeout: 60_000 }).toBeGreaterThanOrEqual(count);
  }

  async isRunning(): Promise<boolean> {
    return /Pause|일시정지/.test((await this.play.textContent()) ?? "");
  }

  /** Pauses and waits for the last picture. */
  async pause(): Promise<void> {
    if (await this.isRunning()) await this.play.click();
    await expect.poll(() => this.isRunning()).toBe(false);
  }

  async chooseData(set: string): Promise<void> {
    await this.page.locator(`tenrec-data label:has(input[value=${set}])`).click();
  }

  /** A region on a phone, where one shows at a time. */
  async show(region: "data" | "model" | "result"): Promise<void> {
    await this.page.locator(`nav button[data-region=${region}]`).click();
  }

  /** The decision picture as it is on the screen. */
  async picture(): Promise<string> {
    return this.page
      .locator("tenrec-boundary canvas")
      .evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
  }

  async place(): Promise<string | null> {
    return this.page.locator("tenrec-backend summary").getAttribute("data-place");
  }

  /** Draws one stroke through points given as shares of the drawing area. */
  async draw(points: readonly (readonly [number, number])[]): Promise<void> {
    const box = await this.page.locator("tenrec-draw canvas").boundingBox();
    if (box === null) throw new Error("draw: the drawing area is not on the screen.");
    const [first, ...rest] = points.map(([x, y]) => [box.x + x * box.width, box.y + y * box.height] as const);
    await this.page.mouse.move(...(first ?? [0, 0]));
    await this.page.mouse.down();
    for (const point of rest) await this.page.mouse.move(...point, { steps: 8 });
    await this.page.mouse.up();
  }

  async hasSidewaysScroll(): Promise<boolean> {
    return this.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  }
}
