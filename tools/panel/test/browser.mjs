// Headless Chromium through playwright-core, for the tests and screenshots.
import { existsSync } from 'node:fs';

/** Path of Chromium, or null; CHROMIUM names another one. */
export const chromium_path = () => [process.env.CHROMIUM, '/usr/bin/chromium',
  '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  .find(path => path && existsSync(path)) ?? null;

/** Why there is no browser here; empty when there is one. */
export async function missing() {
  try {
    await import('playwright-core');
  } catch {
    return 'playwright-core is not installed (tools/setup --tests)';
  }
  return chromium_path() ? '' : 'no Chromium here (tools/setup --tests)';
}

export async function launch() {
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath: chromium_path(),
    args: ['--no-sandbox', '--disable-gpu'] });
}

/** A page that collects what went wrong in its console in `page.wrong`. What
 *  the browser says of failed connections is left out with `quiet` set. */
export async function open(browser, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.wrong = [];
  page.quiet = false;
  page.on('pageerror', error => page.wrong.push(String(error)));
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type())
        && !(page.quiet && /Failed to load resource/.test(message.text())))
      page.wrong.push(message.text());
  });
  return page;
}

/** What sticks out of the screen to the right; empty when the page fits. */
export const too_wide = page => page.evaluate(() => {
  const root = document.documentElement;
  if (root.scrollWidth <= innerWidth) return '';
  const all = [...document.querySelectorAll('body *')];
  const widest = all.reduce((a, b) => a.getBoundingClientRect().right
    > b.getBoundingClientRect().right ? a : b);
  return `${root.scrollWidth} px by ${widest.outerHTML.slice(0, 200)}`;
});
