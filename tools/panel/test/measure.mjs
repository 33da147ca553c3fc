// What a view costs a browser.
import { open } from './browser.mjs';

/** Opens `url` on a page of its own, lets it look at the node `refreshes` times
 *  more, and tells in ms and bytes: {first_content, longest_task, heap,
 *  heap_after_collection, nodes, height, refresh_bytes}. `picture` names a file
 *  for a screenshot. */
export async function measure(browser, { url, picture, width = 1280,
  refreshes = 2 }) {
  const page = await open(browser, { viewport: { width, height: 900 } });
  page.setDefaultTimeout(120_000);
  await page.addInitScript(() => {
    window.longest_task = 0;
    new PerformanceObserver(list => list.getEntries().forEach(one => {
      window.longest_task = Math.max(window.longest_task, one.duration);
    })).observe({ type: 'longtask', buffered: true });
    performance.setResourceTimingBufferSize(5000);
  });
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  await page.goto(url);
  await page.waitForFunction(() => {
    const title = document.querySelector('main h1')?.textContent;
    return title && title !== 'Connecting' && title !== 'No answer yet';
  }, null, { polling: 'raf' });
  const first_content = await page.evaluate(() => performance.now());
  await page.waitForFunction(count => performance.getEntriesByType('resource')
    .filter(one => one.name.includes('/.api/stats')).length > count, refreshes);
  const metric = async () => Object.fromEntries((await session.send(
    'Performance.getMetrics')).metrics.map(one => [one.name, one.value]));
  const heap = (await metric()).JSHeapUsedSize;
  await session.send('HeapProfiler.collectGarbage');
  const out = await page.evaluate(() => {
    const last = name => performance.getEntriesByType('resource')
      .filter(one => one.name.includes(name)).at(-1)?.transferSize ?? 0;
    return { longest_task: window.longest_task,
      nodes: document.querySelectorAll('*').length,
      height: document.documentElement.scrollHeight,
      refresh_bytes: last('/.api/stats') + last('/.api/exchanges')
        + last('/.api/endpoints') + last('/.api/connections') };
  });
  const after = (await metric()).JSHeapUsedSize;
  if (picture) await page.screenshot({ path: picture });
  const { wrong } = page;
  await page.context().close();
  return { first_content, heap, heap_after_collection: after, wrong, ...out };
}
