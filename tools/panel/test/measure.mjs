// What a view costs a browser.
import { open } from './browser.mjs';

/** Opens `url` on a page of its own, lets it look at the node `refreshes` times
 *  more, and tells in ms and bytes: {first_content, first_wait, first_cpu,
 *  longest_task, heap, heap_after_collection, nodes, height, requests,
 *  sent_bytes, text_bytes}. Until the first content, `first_wait` is for the
 *  answer of the node, `first_cpu` the main thread's time on a processor, which
 *  other programs hardly change. The last three are of the largest look,
 *  compressed and as text. `picture` names a file for a screenshot. */
export async function measure(browser, { url, picture, width = 1280,
  refreshes = picture ? 1 : 2 }) {
  const page = await open(browser, { viewport: { width, height: 900 } });
  page.setDefaultTimeout(120_000);
  await page.addInitScript(() => {
    window.longest_task = 0;
    new PerformanceObserver(list => list.getEntries().forEach(one => {
      window.longest_task = Math.max(window.longest_task, one.duration);
    })).observe({ type: 'longtask', buffered: true });
    performance.setResourceTimingBufferSize(5000);
    const until_content = () => {
      const title = document.querySelector('main h1')?.textContent;
      if (!title || title === 'Connecting' || title === 'No answer yet')
        requestAnimationFrame(until_content);
      else window.first_content = performance.now();
    };
    requestAnimationFrame(until_content);
  });
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const metric = async () => Object.fromEntries((await session.send(
    'Performance.getMetrics')).metrics.map(one => [one.name, one.value]));
  await page.goto(url);
  await page.waitForFunction(() => window.first_content);
  const first_cpu = (await metric()).TaskDuration * 1000;
  await page.waitForFunction(count => performance.getEntriesByType('resource')
    .filter(one => one.name.includes('/.api/stats')).length > count, refreshes);
  const heap = (await metric()).JSHeapUsedSize;
  await session.send('HeapProfiler.collectGarbage');
  const out = await page.evaluate(() => {
    const all = performance.getEntriesByType('resource').filter(one =>
      one.name.includes('/.api/') && !one.name.includes('/.api/events'));
    const looks = all.filter(one => one.name.includes('/.api/stats'));
    const of_look = looks.map(({ startTime }, i) => all.filter(one =>
      one.startTime >= startTime
      && one.startTime < (looks[i + 1]?.startTime ?? Infinity)));
    const most = value => Math.max(...of_look.map(list =>
      list.reduce((sum, one) => sum + value(one), 0)));
    return { first_content: window.first_content,
      first_wait: looks[0].responseEnd - looks[0].startTime,
      longest_task: window.longest_task,
      nodes: document.querySelectorAll('*').length,
      height: document.documentElement.scrollHeight,
      requests: most(() => 1),
      sent_bytes: most(one => one.transferSize),
      text_bytes: most(one => one.decodedBodySize) };
  });
  const after = (await metric()).JSHeapUsedSize;
  if (picture) await page.screenshot({ path: picture });
  const { wrong } = page;
  await page.context().close();
  return { first_cpu, heap, heap_after_collection: after, wrong, ...out };
}
