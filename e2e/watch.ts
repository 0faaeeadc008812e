/** Collects everything a page should not do: errors, violations of its policy, requests to another origin. */
import type { Page } from "@playwright/test";

/** Starts to listen; the returned list fills as the page misbehaves. */
export function watchPage(page: Page, origin: string): string[] {
  const faults: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`page: ${error.message}`));
  page.on("request", (request) => {
    if (/^https?:/.test(request.url()) && new URL(request.url()).origin !== origin)
      faults.push(`request off origin: ${request.url()}`);
  });
  return faults;
}

/** Reports violations of the content security policy as console errors, inside the page. */
export async function reportPolicyViolations(page: Page): Promise<void> {
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
}
