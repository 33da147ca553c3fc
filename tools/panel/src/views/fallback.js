import { fallback_action } from '../actions.js';
import { h } from '../dom.js';
import { clock, duration } from '../format.js';
import { badge, button, card, empty, heading, link, table } from '../parts.js';
import { fallback_state } from '../states.js';
import { now, state } from '../store.js';
import { begin_of, segments, window_of } from '../timeline.js';

const spans = [[5, '5 min'], [30, '30 min'], [180, '3 h'], [1440, '24 h']];
let minutes = 5;

export function fallback(redraw) {
  return [
    ...heading('Fallback', { actions: spans.map(([value, text]) =>
      button(text, () => { minutes = value; redraw(); },
        { 'aria-pressed': String(value === minutes), key: text })) }),
    ...state.tunnels.map(tunnel => card(tunnel.name, {
      id: `fallback-${tunnel.name}`,
      note: tunnel.fallback_enabled ? '' : 'fallback is switched off',
      actions: fallback_action(tunnel.name, tunnel.fallback_mode) },
    tunnel.endpoints.length
      ? h('div', { class: 'body lanes' },
        tunnel.endpoints.map(one => lane(tunnel.name, one, true)))
      : empty('No endpoint.'))),
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
        `for ${duration(endpoint.fallback.since_seconds)}: `
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

function history() {
  const to = now();
  const rows = state.tunnels.flatMap(tunnel => tunnel.endpoints.flatMap(
    endpoint => states_of(tunnel.name, endpoint, to)
      .map(one => ({ ...one, tunnel: tunnel.name, endpoint: endpoint.name }))))
    .sort((a, b) => b.from - a.from).slice(0, 100);
  return rows.length === 0 ? empty('Nothing yet.') : table('History', [
    ['Since', one => h('span', { class: 'mono' }, clock(one.from))],
    ['Endpoint', one => h('a', { href: link.endpoint(one.tunnel, one.endpoint) },
      `${one.tunnel}.${one.endpoint}`)],
    ['State', one => badge(fallback_state({ state: one.state })),
      { mark: true }],
    ['Lasted', one => duration((one.to - one.from) / 1000), { n: true }],
    ['Cause', one => one.cause || '–'],
  ], rows, one => `${one.tunnel}\n${one.endpoint}\n${one.from}`);
}
