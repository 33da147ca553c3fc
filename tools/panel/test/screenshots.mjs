// See ../screenshots.
import { join } from 'node:path';
import { launch, missing, open } from './browser.mjs';
import { bustle, mock_node } from './mock.mjs';

const [folder, given] = process.argv.slice(2);
const why = await missing();
if (why) {
  console.error(`screenshots: ${why}`);
  process.exit(1);
}

let node = null;
let stop = () => {};
if (!given) {
  node = await new mock_node().listen();
  stop = bustle(node);
}
const url = given ?? `http://127.0.0.1:${node.port}/.admin/`;
const sizes = { phone: { width: 360, height: 740 },
                desktop: { width: 1280, height: 860 } };
const browser = await launch();
let wrong = [];

for (const scheme of ['light', 'dark']) {
  for (const [size, viewport] of Object.entries(sizes)) {
    const page = await open(browser, { viewport, colorScheme: scheme });
    const token = process.env.APS_ADMIN_TOKEN;
    if (token)
      await page.addInitScript(value =>
        sessionStorage.setItem('aps-admin-token', value), token);
    await page.goto(url);
    await page.locator('.pulse .state.ok').waitFor();
    if (node) {
      node.fall_back('fallback', '3 transport failures in a row: lost');
      await page.waitForTimeout(5000);
      node.fall_back('probing', 'the hold-down is over');
      await page.waitForTimeout(2000);
      node.fall_back('primary', '3 good probes', 0, 0);
      node.open();
    }
    await page.waitForTimeout(4000);
    for (const [name, place] of await views(page)) {
      const hash = typeof place === 'string' ? place : await place();
      await page.goto(`${url}#/${hash}`);
      await page.waitForTimeout(name === 'connection' ? 2500 : 500);
      if (name === 'explain') {
        await page.getByLabel(/URL/).fill('http://example.com/api/x');
        await page.getByRole('button', { name: 'Explain' }).click();
        await page.waitForTimeout(300);
      }
      const wide = await page.evaluate(() =>
        document.documentElement.scrollWidth > innerWidth);
      if (wide) wrong.push(`${size} ${name} is wider than the screen`);
      await page.screenshot({ fullPage: true,
        path: join(folder, `${size}-${scheme}-${name}.png`) });
    }
    wrong = [...wrong, ...page.wrong];
    await page.context().close();
  }
}
await browser.close();
stop();
await node?.stop();
for (const text of wrong) console.error(`screenshots: ${text}`);
console.log(`screenshots: in ${folder}`);
process.exit(wrong.length ? 1 : 0);

async function views(page) {
  const ask = path => page.evaluate(async path => (await fetch(`../.api/${path}`,
    { headers: { authorization:
      `Bearer ${sessionStorage.getItem('aps-admin-token') ?? ''}` } })).json(),
  path);
  const { tunnels } = await ask('tunnels');
  const tunnel = tunnels.find(one => one.endpoints.length);
  const endpoint = tunnel?.endpoints[0];
  const connection = endpoint?.pools
    .flatMap(pool => pool.connections)[0]?.name;
  // Asked for as late as possible: a busy node soon forgets it.
  const exchange = async () => {
    const { finished } = await ask('exchanges?limit=200');
    const one = finished.find(at => at.moves > 0) ?? finished[0];
    return `exchanges/${one?.id ?? ''}`;
  };
  return [['overview', ''], ['tunnels', 'tunnels'], ['fallback', 'fallback'],
    ['exchanges', 'exchanges'], ['events', 'events'], ['explain', 'explain'],
    ['node', 'node'],
    endpoint && ['endpoint', `endpoints/${encodeURIComponent(tunnel.name)}/`
      + encodeURIComponent(endpoint.name)],
    connection && ['connection', `connections/${connection}`],
    ['exchange', exchange]].filter(Boolean);
}
