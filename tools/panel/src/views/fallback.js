import { fallback_action } from '../actions.js';
import { h } from '../dom.js';
import { clock, duration } from '../format.js';
import { first_of, longer_lists, more, rows, worst_first } from '../lists.js';
import { badge, button, card, empty, heading, link, table } from '../parts.js';
import { endpoint_state, fallback_state, tunnel_state } from '../states.js';
import { aged, now, state } from '../store.js';
import { begin_of, segments, window_of } from '../timeline.js';

const spans = [[5, '5 min'], [30, '30 min'], [180, '3 h'], [1440, '24 h']];
let minutes = 5;

const list_of = tunnel => `fallback ${tunnel}`;

/** The first of each, and more where more was asked for. */
export function fallback_wants() {
  const first = first_of(state.tunnels.length);
  return { stats: { connections: 0, each: first },
    lists: longer_lists(state.tunnels, list_of, first) };
}

export function fallback(redraw) {
  const tunnels = worst_first(state.tunnels, one => tunnel_state(one).tone);
  const first = first_of(tunnels.length);
  return [
    ...heading('Fallback', { actions: spans.map(([value, text]) =>
      button(text, () => { minutes = value; redraw(); },
        { 'aria-pressed': String(value === minutes), key: text })) }),
    ...rows('fallback', tunnels).map(tunnel => {
      const name = list_of(tunnel.name);
      const all = worst_first(tunnel.endpoints, one => endpoint_state(one).tone);
      return card(tunnel.name, {
        id: `fallback-${tunnel.name}`,
        note: tunnel.fallback_enabled ? '' : 'fallback is switched off',
        actions: fallback_action(tunnel.name, tunnel.fallback_mode) },
      all.length ? h('div', { class: 'body lanes' },
        rows(name, all, first).map(one => lane(tunnel.name, one, true)))
        : empty('No endpoint.'),
      more(name, tunnel.summary.endpoints, redraw, { first }));
    }),
    more('fallback', tunnels.length, redraw),
    card('History', {}, history()),
  ];
}

const states_of = (tunnel, endpoint, to) => segments(state.events, tunnel,
  endpoint, to, begin_of(state.events, tunnel, endpoint.name));

const tones = { primary: 'ok', fallback: 'warn', probing: 'probing' };

/** One endpoint's states as a band from left (past) to right (now). */
export function lane(tunnel, endpoint, named) {
  const to = now();
  const from = to - minutes * 60_000;
  const all = states_of(tunnel, endpoint, to);
  const shown = window_of(all, from, to);
  const text = shown.map(one =>
    `${one.state} from ${clock(one.from)}: ${one.cause}`).join('; ');
  return h('section', { class: 'lane', key: endpoint.name },
    named && h('header', null,
      h('h3', null, h('a', { href: link.endpoint(tunnel, endpoint.name) },
        endpoint.name)),
      badge(fallback_state(endpoint.fallback)),
      h('span', { class: 'quiet small' },
        `for ${duration(aged(endpoint.fallback.since_seconds))}: `
        + (endpoint.fallback.reason || 'no reason given'))),
    h('div', null,
      h('div', { class: 'band', role: 'img', 'aria-label': text },
        shown.map(one => h('span', {
          key: String(one.from), class: tones[one.state] ?? '',
          title: `${one.state}, ${clock(one.from)} to ${clock(one.to)}: ${one.cause}`,
          style: { left: `${one.left * 100}%`, width: `${one.width * 100}%` },
        }, one.state))),
      h('div', { class: 'scale', 'aria-hidden': 'true' },
        h('span', null, clock(from).slice(0, 8)),
        h('span', null, clock((from + to) / 2).slice(0, 8)),
        h('span', null, 'now'))));
}

const most_endpoints = 100; // as all events are looked at for each

/** Those that are shown, and of the others those whose events are remembered:
 *  they are as their last event says. */
function endpoints_with_history() {
  const key = (tunnel, name) => `${tunnel}\n${name}`;
  const all = new Map(state.tunnels.flatMap(tunnel => tunnel.endpoints
    .map(endpoint => [key(tunnel.name, endpoint.name),
      { tunnel: tunnel.name, endpoint }])));
  for (const one of state.events.filter(({ kind }) => kind === 'fallback-state')
    .reverse())
    if (!all.has(key(one.tunnel, one.endpoint)))
      all.set(key(one.tunnel, one.endpoint), { tunnel: one.tunnel, endpoint: {
        name: one.endpoint, fallback: { state: one.reason, reason: one.detail,
          since_seconds: (now() - one.time_ms) / 1000 } } });
  return [...all.values()].slice(0, most_endpoints);
}

function history() {
  const to = now();
  const changes = endpoints_with_history().flatMap(({ tunnel, endpoint }) =>
    states_of(tunnel, endpoint, to)
      .map(one => ({ ...one, tunnel, endpoint: endpoint.name })))
    .sort((a, b) => b.from - a.from).slice(0, 100);
  return changes.length === 0 ? empty('Nothing yet.') : table('History', [
    ['Since', one => h('span', { class: 'mono' }, clock(one.from))],
    ['Endpoint', one => h('a', { href: link.endpoint(one.tunnel, one.endpoint) },
      `${one.tunnel}.${one.endpoint}`)],
    ['State', one => badge(fallback_state({ state: one.state })),
      { mark: true }],
    ['Lasted', one => duration((one.to - one.from) / 1000), { n: true }],
    ['Cause', one => one.cause || '–'],
  ], changes, one => `${one.tunnel}\n${one.endpoint}\n${one.from}`);
}
