// Lets another program drive a page: one command as JSON per line on stdin,
// one answer per line on stdout. `--missing` only tells why it would not work;
// with `--any-certificate` servers over TLS need none that is known.
import { createInterface } from 'node:readline';
import { audit } from './audit.mjs';
import { launch, missing, open, too_wide } from './browser.mjs';
import { measure } from './measure.mjs';

const why = await missing();
if (process.argv.includes('--missing')) {
  console.log(why);
  process.exit(0);
}
if (why) throw new Error(why);

const browser = await launch();
const page = await open(browser, {
  ignoreHTTPSErrors: process.argv.includes('--any-certificate') });
page.setDefaultTimeout(Number(process.env.APS_TIME_SCALE ?? 1) * 20_000);

const commands = {
  goto: async ({ url }) => { await page.goto(url); },
  size: ({ width, height }) => page.setViewportSize({ width, height }),
  /** Waits until an element with this text is there, or no longer. */
  see: ({ css = 'body', text }) =>
    page.locator(css, { hasText: text }).first().waitFor(),
  miss: ({ css = 'body', text }) =>
    page.locator(css, { hasText: text }).first().waitFor({ state: 'detached' }),
  count: ({ css }) => page.locator(css).count(),
  text: ({ css }) => page.locator(css).first().innerText(),
  title: () => page.title(),
  click: ({ role = 'button', name, exact = false }) =>
    page.getByRole(role, { name, exact }).first().click(),
  fill: ({ css, value }) => page.locator(css).first().fill(value),
  select: async ({ css, value }) => {
    await page.locator(css).first().selectOption(value);
  },
  press: ({ key }) => page.keyboard.press(key),
  /** The text of what has the focus. */
  focused: () => page.evaluate(() => document.activeElement.textContent),
  /** How many values the page keeps beyond its tab. */
  stored: () => page.evaluate(() => localStorage.length),
  too_wide: () => too_wide(page),
  /** What it lacks for those who cannot see or point well. */
  audit: () => audit(page),
  scheme: ({ scheme }) => page.emulateMedia({ colorScheme: scheme }),
  /** What a view costs, opened on a page of its own. */
  measure: ({ url, picture, width }) =>
    measure(browser, { url, picture, width }),
  /** From now on failed loads are expected. */
  quiet: () => { page.quiet = true; },
  wrong: () => page.wrong,
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: name, ...rest } = JSON.parse(line);
  let answer;
  try {
    answer = { value: await commands[name](rest) ?? null };
  } catch (error) {
    answer = { error: String(error), page:
      await page.locator('body').innerText().catch(() => '') };
  }
  console.log(JSON.stringify(answer));
}
await browser.close();
