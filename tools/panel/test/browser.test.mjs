// The panel in a real browser, before the stand-in for a node.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { launch, missing, open } from './browser.mjs';
import { bustle, evil, mock_node } from './mock.mjs';

const why = await missing();
const options = { skip: why || false };
let browser, node, stop, page;

before(async () => { if (!why) browser = await launch(); });
after(async () => browser?.close());
beforeEach(async () => {
  if (why) return;
  node = await new mock_node().listen();
  stop = bustle(node);
  page = await open(browser);
});
afterEach(async () => {
  if (why) return;
  assert.deepEqual(page.wrong, []);
  await page.context().close();
  stop();
  await node.stop();
});

const visit = async hash => {
  await page.goto(`http://127.0.0.1:${node.port}/.admin/#/${hash}`);
  await page.locator('.pulse .state.ok').waitFor();
};

test('a connection appears and goes', options, async () => {
  await visit('tunnels');
  const { name } = node.open();
  await page.locator('.actor.connection', { hasText: name }).waitFor();
  node.close(name);
  await page.locator('.actor.connection', { hasText: name })
    .waitFor({ state: 'detached' });
});

test('names of endpoints stay text', options, async () => {
  for (const hash of ['', 'tunnels', 'fallback', 'exchanges', 'events']) {
    await visit(hash);
    await page.locator('main').getByText(evil).first().waitFor();
  }
  await page.getByRole('link', { name: 'Tunnels' }).click();
  await page.getByRole('link', { name: evil }).click();
  await page.getByRole('heading', { name: `tunnel1.${evil}` }).waitFor();
  assert.equal(await page.locator('img, main script').count(), 0);
  assert.match(await page.title(), /APS/);
});

test('a fallback and the return are on the timeline', options, async () => {
  await visit('fallback');
  node.fall_back('fallback', '3 failures in a row');
  await page.getByText('3 failures in a row').first().waitFor();
  await page.locator('.lane .state.warn', { hasText: 'fallback' }).waitFor();
  node.fall_back('primary', '3 good probes');
  await page.locator('.band .warn').waitFor();
  await page.getByRole('row', { name: /primary.*3 good probes/ }).waitFor();
});

test('an exchange is found by its id', options, async () => {
  const wanted = node.finished.find(one => one.moves > 0);
  await visit('exchanges');
  await page.getByLabel('Search').fill(wanted.request_id);
  await page.getByRole('button', { name: 'Look up by id' }).click();
  await page.getByText(wanted.mapping.why).waitFor();
  await page.getByText('Resumed: the same session went on').waitFor();
  await visit('exchanges/none');
  await page.getByText('remembers no exchange').waitFor();
  page.wrong = page.wrong.filter(text => !text.includes('404'));
});

test('an action asks first and tells what it did', options, async () => {
  const { name } = node.open();
  await visit(`connections/${name}`);
  await page.getByRole('button', { name: 'Close…' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  assert.equal(node.actions.length, 0);
  await page.getByRole('button', { name: 'Inject fault…' }).click();
  await page.locator('select[name=kind]').selectOption('stall');
  await page.getByLabel(/Seconds/).fill('2.5');
  await page.getByRole('button', { name: 'Inject', exact: true }).click();
  await page.getByText(`fault: connections ${name}`).waitFor();
  assert.deepEqual(node.actions, [{ path: `connections/${name}/fault`,
    body: { kind: 'stall', seconds: 2.5 } }]);
  await page.getByText('not there any longer').waitFor();
});

test('a gone node is told, and its return noticed', options, async () => {
  await visit('events');
  page.quiet = true;
  const { port } = node;
  await node.stop();
  await page.getByText(/does not answer/).first().waitFor();
  node.reset();
  node.emit('tunnel-added', { tunnel: 'tunnel1' });
  await node.listen(port);
  await page.locator('.pulse .state.ok').waitFor();
  await page.getByText('The node was restarted').waitFor();
});

test('the token is asked for, and a wrong one refused', options, async () => {
  page.quiet = true;
  node.token = 'secret';
  await page.goto(`http://127.0.0.1:${node.port}/.admin/`);
  await page.getByLabel('Token', { exact: true }).fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByText('The node refused this token.').waitFor();
  await page.getByLabel('Token', { exact: true }).fill('secret');
  await page.keyboard.press('Enter');
  await page.locator('.pulse .state.ok').waitFor();
  assert.equal(await page.evaluate(() => localStorage.length), 0);
});

test('events are filtered and can be held', options, async () => {
  await visit('events');
  await page.getByLabel('About').selectOption('auth');
  await page.locator('.log li').first().waitFor();
  assert.equal(await page.locator('.log li').count(), 1);
  await page.getByLabel('About').selectOption('');
  await page.getByRole('button', { name: 'Pause' }).click();
  node.emit('node-draining', { detail: 'while paused' });
  await page.getByText(/paused; 1 newer/).waitFor();
  assert.equal(await page.getByText('while paused').count(), 0);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('while paused').waitFor();
});

test('it works by keyboard alone', options, async () => {
  await visit('');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent),
    'Skip to the content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
  await page.getByRole('link', { name: 'Explain' }).press('Enter');
  await page.getByLabel(/URL/).fill('http://example.com/api/x');
  await page.keyboard.press('Enter');
  await page.getByText('would be sent').waitFor();
});

test('it fits a phone', options, async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  for (const hash of ['', 'tunnels', 'fallback', 'exchanges', 'events',
    'explain', 'node', 'endpoints/tunnel1/app1']) {
    await visit(hash);
    assert.ok(await page.evaluate(() =>
      document.documentElement.scrollWidth <= innerWidth), hash);
  }
});
