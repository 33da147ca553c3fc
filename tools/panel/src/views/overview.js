import { chart } from '../charts.js';
import { h } from '../dom.js';
import { bytes, clock, count, duration, milliseconds, plural }
  from '../format.js';
import { badge, card, empty, figure, link, table } from '../parts.js';
import { endpoint_state, exchange_state } from '../states.js';
import { every_connection, quantile, state } from '../store.js';
import { event_line } from './events.js';

const rate = value => `${count(value)}/s`;
const volume = value => `${bytes(value)}/s`;

export function overview() {
  const { series, totals, node } = state;
  if (!node || !totals) return empty('Waiting for the first numbers…');
  const last = name => series[name].at(-1) ?? null;
  return [
    h('h1', { tabindex: -1, class: 'hidden-text' }, 'Overview'),
    h('dl', { class: 'figures', key: 'figures' },
      figure('Requests', rate(last('started')),
        { note: `${count(totals.started)} in all` }),
      figure('Live', count(totals.live), { note: 'exchanges' }),
      figure('Latency, median', milliseconds(latency(0.5)),
        { note: `p95 ${milliseconds(latency(0.95))}` }),
      figure('Failed', rate(last('failed')),
        { note: `${count(totals.failed)} in all`, bad: last('failed') > 0 }),
      figure('To visitors', volume(last('down')),
        { note: `${bytes(totals.bytes_down)} in all` }),
      figure('Moved', count(totals.moved), { note: 'between connections' }),
      figure('Connections', count(every_connection().length),
        { note: plural(state.tunnels.length, 'tunnel') }),
      figure('Up for', duration(node.uptime_seconds),
        { note: `version ${node.version}` })),
    h('div', { class: 'columns two', key: 'charts' }, charts(series)),
    h('div', { class: 'columns', key: 'lists' }, endpoints(), outcomes()),
    card('Last events', { actions: h('a', { href: '#/events' }, 'All events') },
      state.events.length
        ? h('ol', { class: 'log short' },
          state.events.slice(-8).reverse().map(event_line))
        : empty('Nothing has happened yet.')),
  ];
}

const latency = share => quantile(state.exchanges.finished
  .filter(one => one.outcome_class === 'ok')
  .map(one => one.duration_ms), share);

function charts(series) {
  const last = name => series[name].at(-1);
  const one = (title, note, text, lines) => card(title, { note },
    chart(title, {
      times: series.t,
      lines: lines.map(([name, color, key, dash]) =>
        ({ name, color, text, dash, values: series[key] })),
      summary: `${title}: ${lines.map(([name, , key]) =>
        `${name} ${text(last(key))}`).join(', ')}`,
    }));
  return [
    one('Traffic', 'requests per second', rate,
      [['started', 'accent', 'started'], ['failed', 'bad', 'failed', [5, 3]]]),
    one('Latency', 'until the end of the answer', milliseconds,
      [['median', 'accent', 'p50'], ['p95', 'warn', 'p95', [5, 3]]]),
    one('Volume', 'bytes of bodies', volume,
      [['to visitors', 'accent', 'down'], ['from visitors', 'ok', 'up', [5, 3]]]),
    one('Live exchanges', 'at the moment of each look', count,
      [['live', 'accent', 'live']]),
  ];
}

function endpoints() {
  const rows = state.tunnels.flatMap(tunnel => tunnel.endpoints
    .map(endpoint => ({ tunnel: tunnel.name, endpoint })));
  return card('Endpoints', {
    actions: h('a', { href: '#/tunnels' }, 'All tunnels') }, rows.length
    ? table('Endpoints', [
      ['Endpoint', ({ tunnel, endpoint }) =>
        h('a', { href: link.endpoint(tunnel, endpoint.name) },
          `${tunnel}.${endpoint.name}`)],
      ['State', ({ endpoint }) => badge(endpoint_state(endpoint))],
      ['Connections', ({ endpoint }) => count(endpoint.live_connections), { n: true }],
      ['In flight', ({ endpoint }) => count(endpoint.in_flight), { n: true }],
      ['RTT', ({ endpoint }) => milliseconds(endpoint.latency_ms), { n: true }],
    ], rows, ({ tunnel, endpoint }) => `${tunnel}\n${endpoint.name}`)
    : empty('No agent has dialled in yet.'));
}

function outcomes() {
  const last = state.exchanges.finished;
  const sums = new Map();
  for (const one of last) {
    const key = one.outcome ?? 'failed';
    const sum = sums.get(key) ?? { key, one, number: 0, at: 0 };
    ++sum.number;
    sum.at = Math.max(sum.at, one.started_ms);
    sums.set(key, sum);
  }
  const rows = [...sums.values()].sort((a, b) => b.number - a.number);
  return card('Outcomes', { note: `of the last ${plural(last.length, 'exchange')}`,
    actions: h('a', { href: '#/exchanges' }, 'All exchanges') }, rows.length
    ? table('Outcomes', [
      ['Outcome', ({ one }) => badge(exchange_state(one))],
      ['Class', ({ one }) => one.outcome_class],
      ['Last', ({ at }) => clock(at)],
      ['Number', ({ number }) => count(number), { n: true }],
    ], rows, ({ key }) => key)
    : empty('No exchange has ended yet.'));
}
