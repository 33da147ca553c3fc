import assert from 'node:assert/strict';
import test from 'node:test';
import { event_parser } from '../src/api.js';
import { bytes, count, duration, milliseconds, target_of }
  from '../src/format.js';
import { has_words, rows, worst_first } from '../src/lists.js';
import { connection_state, endpoint_state, exchange_state, is_error,
  mapping_extras, mapping_state, pool_state, problems, tunnel_state, unseen_problems } from '../src/states.js';
import { begin_of, segments, window_of } from '../src/timeline.js';

test('events survive any cut of the stream', () => {
  const text = ': hello\r\n\r\nid: a-1\nevent: event\ndata: {"x":1}\n\n'
    + 'data: one\r\ndata:two\r\n\r\n';
  const wanted = [
    { id: undefined, type: 'tick', data: '' },
    { id: 'a-1', type: 'event', data: '{"x":1}' },
    { id: 'a-1', type: 'message', data: 'one\ntwo' }];
  for (let size = 1; size <= text.length; ++size) {
    const parser = new event_parser();
    const found = [];
    for (let at = 0; at < text.length; at += size)
      found.push(...parser.feed(text.slice(at, at + size)));
    assert.deepEqual(found, wanted, `in pieces of ${size}`);
  }
});

test('numbers have units that people read', () => {
  assert.equal(count(1234), '1,234');
  assert.equal(count(1234567), '1.23 M');
  assert.equal(bytes(1536), '1.50 KiB');
  assert.equal(milliseconds(0.5), '0.50 ms');
  assert.equal(milliseconds(2500), '2.50 s');
  assert.equal(duration(3700), '1 h 1 min');
  for (const show of [count, bytes, milliseconds, duration])
    assert.equal(show(null), '–');
});

const endpoint = (state, since_seconds) => ({ name: 'e',
  fallback: { state, since_seconds, reason: 'because', mode: 'auto' } });
const change = (serial, time_ms, reason) => ({ serial, time_ms, reason,
  kind: 'fallback-state', tunnel: 't', endpoint: 'e', detail: `primary -> ${reason} (to ${reason})` });

test('a timeline goes from the first memory to now', () => {
  const events = [change(2, 1000, 'fallback'), change(3, 3000, 'probing'),
    { ...change(4, 3500, 'fallback'), endpoint: 'other' },
    change(5, 4000, 'primary')];
  const all = segments(events, 't', endpoint('primary', 1), 5000, 500);
  assert.equal(all[1].cause, 'to fallback');
  assert.deepEqual(all.map(one => [one.state, one.from, one.to]), [
    ['primary', 500, 1000], ['fallback', 1000, 3000],
    ['probing', 3000, 4000], ['primary', 4000, 5000]]);
});

test('a timeline without events knows the present state', () => {
  assert.deepEqual(segments([], 't', endpoint('fallback', 2), 10_000),
    [{ state: 'fallback', from: 8000, to: 10_000, cause: 'because' }]);
});

test('the begin is known only with all events', () => {
  const first = { serial: 1, tunnel: '', endpoint: '', time_ms: 1 };
  const up = { serial: 3, tunnel: 't', endpoint: 'e', time_ms: 7 };
  assert.equal(begin_of([first, up], 't', 'e'), 7);
  assert.equal(begin_of([up], 't', 'e'), null);
  assert.equal(begin_of([first], 't', 'e'), null);
});

test('a window shows shares of its width', () => {
  const all = [{ state: 'primary', from: 0, to: 50 },
    { state: 'fallback', from: 50, to: 200 }];
  assert.deepEqual(window_of(all, 100, 200).map(one => [one.left, one.width]),
    [[0, 1]]);
  assert.deepEqual(window_of(all, 0, 200).map(one => one.width), [0.25, 0.75]);
});

const sums = { endpoints: 0, down: 0, impaired: 0, recovering: 0,
  with_short_pool: 0 };

test('targets are shown as they were sent', () => {
  const host = 'a.test';
  assert.equal(target_of({ host, path: '/x' }), 'a.test/x');
  assert.equal(target_of({ host, path: '' }), 'a.test');
  assert.equal(target_of({ host, path: '*' }), '*');
  assert.equal(target_of({ host, path: 'a.test:443' }), 'a.test:443');
});

test('states are told in words', () => {
  const well = { ejected: false, draining: false, score: 1, in_flight: 0 };
  assert.equal(connection_state(well).word, 'ready');
  assert.equal(connection_state({ ...well, in_flight: 2 }).word, 'busy');
  assert.equal(connection_state({ ...well, draining: true }).word, 'draining');
  assert.equal(connection_state({ ...well, ejected: true }).tone, 'bad');
  assert.equal(connection_state({ ...well, score: 0.2 }).tone, 'warn');
  const pool = { degraded: '', waiting: 0, size: 3, usable: 3, pool_size: 3 };
  assert.equal(pool_state(pool).word, 'ready');
  assert.equal(pool_state({ ...pool, waiting: 4 }).word, '4 waiting');
  assert.equal(pool_state({ ...pool, size: 0 }).tone, 'bad');
  const live = { ...endpoint('primary', 1), live_connections: 1 };
  const down = { ...live, live_connections: 0 };
  assert.equal(endpoint_state(live).word, 'primary');
  assert.equal(endpoint_state(down).word, 'down');
  const by_hand = { ...live, fallback: { ...live.fallback, mode: 'websocket' } };
  assert.equal(endpoint_state(by_hand).word, 'WebSocket, by hand');
  assert.equal(endpoint_state({ ...live, drained: true }).word, 'drained');
  assert.equal(connection_state({ ...well, drained: true }).word, 'drained');
  const failing = { ...live, unhealthy: [{ mapping: 1, state: 'down',
    target: 'http://t', reason: 'HTTP 500', session: 's' }] };
  assert.equal(endpoint_state(failing).word, 'target fails');
  const tunnel = some => tunnel_state({ enabled: true,
    summary: { ...sums, ...some } });
  assert.equal(tunnel({ endpoints: 2 }).word, 'up');
  assert.equal(tunnel({ endpoints: 2, with_short_pool: 1 }).word, 'up');
  assert.equal(tunnel({ endpoints: 2, down: 1 }).word, 'impaired');
  assert.equal(tunnel({ endpoints: 2, down: 2 }).word, 'down');
  assert.equal(tunnel({ endpoints: 0 }).tone, 'idle');
  assert.equal(tunnel_state({ enabled: true, summary: sums,
    problem: 'no answer' }).word, 'no answer');
});

test('what an operator should know comes first, the worst on top', () => {
  const fine = { ...endpoint('primary', 1), live_connections: 1, pools: [] };
  const away = { ...fine, name: 'f', live_connections: 1,
    fallback: { ...fine.fallback, state: 'fallback' } };
  const tunnel = (name, ...endpoints) => ({ name, enabled: true, endpoints,
    summary: { ...sums, endpoints: endpoints.length } });
  const answer = (status, outcome_class = 'ok') => ({ status, outcome_class });
  const good = Array.from({ length: 8 }, () => answer(200));
  const tell = (tunnels, finished) => problems({ node: {}, tunnels, finished })
    .map(one => [one.tone, one.tunnel, one.endpoint, one.text]);
  assert.deepEqual(tell([tunnel('t', fine)], good), []);
  assert.deepEqual(tell([tunnel('t', fine, away), tunnel('u')],
    [...good, answer(500), answer(undefined, 'visitor')]), [
    ['bad', 'u', undefined, 'no agent is connected'],
    ['bad', undefined, undefined, '1 of the last 10 exchanges were '
      + 'errors, most of them answered 500'],
    ['warn', 't', 'f', 'in state fallback (because)']]);
  assert.deepEqual(tell([{ ...tunnel('t'), problem: 'no answer' }], good),
    [['bad', 't', undefined, 'no answer']]);
  // Of 20 that are impaired the page has one; nobody is left of the last.
  const many = { ...tunnel('t', fine, away),
    summary: { ...sums, endpoints: 500, impaired: 20, with_short_pool: 3 } };
  assert.equal(unseen_problems([many, { ...many, enabled: false },
    { ...many, summary: { ...sums, endpoints: 9, down: 9 } }]), 22);
});

test('what nobody maps is named where the health is', () => {
  const ended = (outcome_class, outcome) => ({ status: 404, outcome_class,
    outcome });
  const [found] = problems({ node: {}, tunnels: [], finished: [
    ended('node', 'no-mapping'), ended('node', 'no-mapping'),
    ended('origin', 'origin-refused'), { status: 200, outcome_class: 'ok' }] });
  assert.equal(found.text, '3 of the last 4 exchanges were errors, most of them '
    + 'no-mapping');
});

test('a long line of the event stream comes in pieces', () => {
  const parser = new event_parser();
  const pieces = ['event: sna', 'pshot\ndata: {"a":', '1', '2', '3}\r', '\n',
    '\r', '\n: beat\n', '\n'];
  assert.deepEqual(pieces.flatMap(piece => [...parser.feed(piece)])
    .map(({ type, data }) => [type, data]),
  [['snapshot', '{"a":123}'], ['tick', '']]);
});

test('an answer of the target with 5xx is an error, but not a failure', () => {
  const answered = status => ({ state: 'finished', outcome_class: 'ok', status });
  assert.equal(is_error(answered(404)), false);
  assert.equal(is_error(answered(503)), true);
  assert.equal(exchange_state(answered(503)).word, 'answered 503');
  assert.equal(is_error({ state: 'finished', outcome_class: 'visitor' }), false);
});

test('a long list begins with what is worst', () => {
  const tones = ['ok', 'idle', 'bad', 'ok', 'warn', 'bad'];
  const sorted = worst_first(tones.map((tone, at) => ({ tone, at })),
    one => one.tone);
  assert.deepEqual(sorted.map(one => one.at), [2, 5, 4, 0, 3, 1]);
  const many = Array.from({ length: 500 }, (_, at) => at);
  assert.deepEqual(rows('some', many), many.slice(0, 20));
  assert.ok(has_words('Foo  bar', 'a bar', 'foo'));
  assert.ok(has_words('', 'anything'));
  assert.ok(!has_words('foo baz', 'a bar', 'foo'));
});

test('a mapping tells what else it does', () => {
  assert.deepEqual(mapping_extras({ from: 'http://a' }), []);
  assert.deepEqual(mapping_extras({
    retry: { attempts: 3, on: [502] }, cc: { to: 'http://c' },
    timeouts: { first_byte_timeout: 5, idle_timeout: 0, total_timeout: 30 },
    error_pages: { 502: {}, '*': {} },
    compress: { encodings: ['br', 'gzip'], types: [] },
  }), ['up to 3 endpoints', 'copies to http://c', 'first byte 5 s',
    'total 30 s', 'pages for 502, *', 'br, gzip']);
  assert.deepEqual(mapping_extras({ compress: false }), ['no compression']);
});

test('a mapping tells whether somebody serves it', () => {
  const word = (endpoints, live, failing = 0, tunnels = 1) => mapping_state(
    { serving: { tunnels, endpoints, live, failing } }).word;
  assert.equal(mapping_state({ serving: null }).word, 'direct');
  assert.equal(word(2, 1), '1 of 2');
  assert.equal(word(1, 1), 'served');
  assert.equal(word(3, 3), '3 endpoints');
  assert.equal(word(1, 1, 1), 'target fails');
  assert.equal(word(1, 0), 'nobody there');
  assert.equal(word(0, 0), 'nobody there');
  assert.equal(word(0, 0, 0, 0), 'switched off');
});
