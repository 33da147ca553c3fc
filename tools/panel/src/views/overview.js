import { chart } from '../charts.js';
import { h } from '../dom.js';
import { bytes, clock, count, duration, milliseconds, none, percent,
  plural } from '../format.js';
import { more, rows, rows_of, worst_first } from '../lists.js';
import { badge, bar, card, empty, figure, link, table } from '../parts.js';
import { endpoint_state, exchange_state, is_error, problems, unseen_problems }
  from '../states.js';
import { aged, quantile, state } from '../store.js';
import { event_line } from './events.js';

const per_second = text => text === none ? none : `${text}/s`;
const rate = value => per_second(count(value));
const volume = value => per_second(bytes(value));

export function overview(redraw) {
  const { series, totals, node } = state;
  if (!node || !totals) return empty('Waiting for the first numbers…');
  const last = name => series[name].at(-1) ?? null;
  const { finished } = state.exchanges;
  const errors = finished.filter(is_error).length;
  return [
    h('h1', { tabindex: -1, class: 'hidden-text' }, 'Overview'),
    health(),
    h('dl', { class: 'figures', key: 'figures' },
      figure('Requests', rate(last('started')),
        { note: `${count(totals.started)} in all` }),
      figure('Live', count(totals.live), { note: 'exchanges' }),
      figure('Latency, median', milliseconds(latency(finished, 0.5)),
        { note: `p95 ${milliseconds(latency(finished, 0.95))}` }),
      figure('Errors', percent(errors / finished.length),
        { note: finished.length ? `${errors} of the last ${finished.length}`
          : 'nothing has ended yet',
          bad: errors > 0 }),
      figure('To visitors', volume(last('down')),
        { note: `${bytes(totals.bytes_down)} in all` }),
      figure('Moved', count(totals.moved), { note: 'between connections' }),
      figure('Connections', count(sum_of('connections')),
        { note: plural(state.tunnels.length, 'tunnel') }),
      figure('Up for', duration(aged(node.uptime_seconds)),
        { note: `version ${node.version}` })),
    h('div', { class: 'columns two', key: 'charts' }, charts(series)),
    h('div', { class: 'columns uneven', key: 'lists' }, endpoints(redraw), outcomes()),
    last_events(),
  ];
}

export const overview_wants = () => ({ stats: { connections: 0,
  limit: rows_of('overview endpoints') } });

const sum_of = name => state.tunnels
  .reduce((sum, { summary }) => sum + summary[name], 0);

const latency = (exchanges, share) => quantile(exchanges
  .filter(one => one.outcome_class === 'ok')
  .map(one => one.duration_ms), share);

const verdicts = { bad: 'Failing', warn: 'Impaired', probing: 'Recovering' };
const shown_problems = 6;

/** One word for everything, and why. */
function health() {
  const found = problems({ ...state, finished: state.exchanges.finished });
  const others = found.slice(shown_problems).length
    + unseen_problems(state.tunnels);
  const tone = found[0]?.tone ?? (others > 0 ? 'warn' : 'ok');
  return h('section', { class: `card health ${tone}`, key: 'health',
                        'aria-label': 'Health' },
    badge({ tone, word: verdicts[tone] ?? 'Healthy' }),
    tone === 'ok'
      ? h('p', null, 'Every tunnel has its agents, on the transport they '
        + 'prefer.')
      : h('ul', null,
        found.slice(0, shown_problems).map(one => h('li', null,
          h('a', { href: place(one) }, name_of(one)), `: ${one.text}`)),
        others > 0 && h('li', { class: 'quiet' }, `and ${count(others)} more`)));
}

function place({ tunnel, endpoint, page }) {
  return endpoint ? link.endpoint(tunnel, endpoint)
    : `#/${tunnel ? 'tunnels' : page ?? 'node'}`;
}

function name_of({ tunnel, endpoint, page }) {
  return endpoint ? `${tunnel}.${endpoint}`
    : tunnel ?? (page === 'exchanges' ? 'Errors' : 'Node');
}

/** Without those of single exchanges, of which a busy node has many. */
function last_events() {
  const list = state.events.filter(one => !one.kind.startsWith('exchange-'))
    .slice(-8).reverse();
  return card('Last events', { note: 'without those of exchanges',
    actions: h('a', { href: '#/events' }, 'All events') }, list.length
    ? h('ol', { class: 'log whole' }, list.map(event_line))
    : empty('Nothing has happened yet.'));
}

function charts(series) {
  const last = name => series[name].at(-1);
  const one = (title, note, text, lines, scale) => card(title, { note },
    chart(title, {
      times: series.t, scale,
      lines: lines.map(([name, color, key, dash]) =>
        ({ name, color, text, dash, values: series[key] })),
      summary: `${title}: ${lines.map(([name, , key]) =>
        `${name} ${text(last(key))}`).join(', ')}`,
    }));
  return [
    one('Traffic', 'requests per second', rate,
      [['started', 'accent', 'started'], ['failed', 'bad', 'failed', [5, 3]]]),
    one('Latency', 'until the end of the answer', milliseconds,
      [['median', 'accent', 'p50'], ['p95', 'warn', 'p95', [5, 3]]], 'log'),
    one('Volume', 'bytes of bodies', volume,
      [['to visitors', 'accent', 'down'], ['from visitors', 'ok', 'up', [5, 3]]],
      'bytes'),
    one('Live exchanges', 'at the moment of each look', count,
      [['live', 'accent', 'live']], 'whole'),
  ];
}

function endpoints(redraw) {
  const all = worst_first(state.tunnels.flatMap(tunnel => tunnel.endpoints
    .map(endpoint => ({ tunnel: tunnel.name, endpoint }))),
  ({ endpoint }) => endpoint_state(endpoint).tone);
  const shown = rows('overview endpoints', all).map(one => ({ ...one,
    last: state.exchanges.finished.filter(exchange =>
      exchange.tunnel === one.tunnel
      && exchange.endpoint === one.endpoint.name) }));
  return card('Endpoints', {
    actions: h('a', { href: '#/tunnels' }, 'All tunnels') }, all.length
    ? table('Endpoints', [
      ['Endpoint', ({ tunnel, endpoint }) =>
        h('a', { href: link.endpoint(tunnel, endpoint.name) },
          `${tunnel}.${endpoint.name}`)],
      ['State', ({ endpoint }) => badge(endpoint_state(endpoint)),
        { mark: true }],
      ['Connections', ({ endpoint }) => count(endpoint.live_connections), { n: true }],
      ['In flight', ({ endpoint }) => count(endpoint.in_flight), { n: true }],
      ['Median', ({ last }) => milliseconds(latency(last, 0.5)), { n: true }],
      ['Errors', ({ last }) => count(last.filter(is_error).length), { n: true }],
    ], shown, ({ tunnel, endpoint }) => `${tunnel}\n${endpoint.name}`)
    : empty('No agent has dialled in yet.'),
  more('overview endpoints', sum_of('endpoints'), redraw));
}

function outcomes() {
  const last = state.exchanges.finished;
  const sums = new Map();
  for (const one of last) {
    const key = exchange_state(one).word;
    const sum = sums.get(key) ?? { key, one, number: 0, at: 0 };
    ++sum.number;
    sum.at = Math.max(sum.at, one.started_ms);
    sums.set(key, sum);
  }
  const rows = [...sums.values()].sort((a, b) => b.number - a.number);
  return card('Outcomes', { note: `of the last ${count(last.length)}`,
    actions: h('a', { href: '#/exchanges' }, 'All exchanges') }, rows.length
    ? table('Outcomes', [
      ['Outcome', ({ one }) => badge(exchange_state(one))],
      ['Share', ({ one, number }) => bar(number / last.length,
        exchange_state(one).tone), { mark: true }],
      ['Number', ({ number }) => count(number), { n: true }],
      ['Last', ({ at }) => clock(at), { n: true }],
    ], rows, ({ key }) => key)
    : empty('No exchange has ended yet.'));
}
