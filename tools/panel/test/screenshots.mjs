// The browser's part of ../screenshots: pictures of every view of a running
// node. Waits for the end of stdin, and meanwhile gathers numbers for charts.
//
//   node test/screenshots.mjs FOLDER URL < /dev/null
//
// Environment: APS_ADMIN_TOKEN  the admin token, if the node wants one
import { join } from 'node:path';
import { launch, missing, open, too_wide } from './browser.mjs';

const [folder, url] = process.argv.slice(2);
const give_up = why => {
  console.error(`screenshots: ${why}`);
  process.exit(1);
};
const why = await missing();
if (why) give_up(why);
const looks = 12; // Points of a chart, one every two seconds.
const sizes = { phone: { width: 360, height: 740 },
                desktop: { width: 1280, height: 860 } };
const token = process.env.APS_ADMIN_TOKEN ?? '';
const wrong = [];

const browser = await launch();
const page = await open(browser);
if (token)
  await page.addInitScript(value =>
    sessionStorage.setItem('aps-admin-token', value), token);
await page.goto(url).catch(() => give_up(`nobody answers at ${url}`));
await page.locator('.pulse .state.ok').waitFor().catch(() => give_up(
  `${url} does not show a node; is the token right (APS_ADMIN_TOKEN)?`));
for (let i = 0; i < looks; ++i) await page.waitForResponse(/\.api\/stats/);
for await (const _ of process.stdin); // Whoever started this is done.

for (const { name, hash, css = 'main h1', prepare } of await views()) {
  await page.goto(`${url}#/${hash}`);
  await prepare?.();
  await page.locator(css).first().waitFor();
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const [size, viewport] of Object.entries(sizes))
      await picture(name, colorScheme, size, viewport);
  }
}
await browser.close();
for (const text of [...wrong, ...page.wrong])
  console.error(`screenshots: ${text}`);
process.exit(wrong.length + page.wrong.length ? 1 : 0);

async function picture(name, scheme, size, viewport) {
  await page.setViewportSize(viewport);
  // Charts follow the width with the next frame.
  await page.evaluate(() => new Promise(resolve =>
    requestAnimationFrame(() => requestAnimationFrame(resolve))));
  const wide = await too_wide(page);
  if (wide) wrong.push(`${size} ${name} is wider than the screen: ${wide}`);
  await page.screenshot({ fullPage: true,
    path: join(folder, `${size}-${scheme}-${name}.png`) });
}

/** Every view, those of one thing with the most telling one. */
async function views() {
  const { tunnels } = await ask('tunnels');
  const endpoints = tunnels.flatMap(tunnel => tunnel.endpoints
    .map(one => ({ ...one, tunnel: tunnel.name })));
  const endpoint = endpoints.find(one => one.fallback.state !== 'primary')
    ?? endpoints[0];
  const connections = endpoints.flatMap(one => one.pools)
    .flatMap(pool => pool.connections).sort((a, b) => b.bytes_in - a.bytes_in);
  const { finished } = await ask('exchanges');
  const exchange = finished.find(one => one.moves > 0) ?? finished[0];
  return [
    { name: 'overview', hash: '' },
    ...['tunnels', 'fallback', 'exchanges', 'events']
      .map(name => ({ name, hash: name })),
    { name: 'explain', hash: 'explain', css: '.answer .card', prepare: explain },
    { name: 'node', hash: 'node', css: 'details' },
    endpoint && { name: 'endpoint', hash: 'endpoints/'
      + `${encodeURIComponent(endpoint.tunnel)}/`
      + encodeURIComponent(endpoint.name) },
    connections[0] && { name: 'connection',
      hash: `connections/${encodeURIComponent(connections[0].name)}` },
    exchange && { name: 'exchange', css: '.steps',
      hash: `exchanges/${encodeURIComponent(exchange.id)}` },
  ].filter(Boolean);
}

function ask(path) {
  return page.evaluate(async ([path, token]) => (await fetch(`../.api/${path}`,
    { headers: token ? { authorization: `Bearer ${token}` } : {} })).json(),
  [path, token]);
}

async function explain() {
  await page.getByLabel(/URL/).fill('http://example.com/retired/report');
  await page.getByRole('button', { name: 'Explain' }).click();
}
