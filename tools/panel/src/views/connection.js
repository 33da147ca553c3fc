import { connection_actions } from '../actions.js';
import { chart } from '../charts.js';
import { h } from '../dom.js';
import { bytes, count, duration, milliseconds, number, transport }
  from '../format.js';
import { bar, card, empty, facts, heading, link, table } from '../parts.js';
import { connection_state } from '../states.js';
import { state } from '../store.js';
import { event_line } from './events.js';
import { exchange_table } from './exchanges.js';

const terms = {
  failures: 'recent failures', resets: 'recent losses and resets',
  age: 'how near its maximal lifetime it is',
  penalty: 'what its load counts times when choosing; 1 = healthy',
};

export function connection(name) {
  const { asked, found } = state.connection;
  const events = state.events.filter(one => one.connection === name)
    .slice(-60).reverse();
  const history = card('Events', {}, events.length
    ? h('ol', { class: 'log short' }, events.map(event_line))
    : empty('None remembered.'));
  if (asked !== name)
    return [...heading(name, { crumbs: [['Tunnels', '#/tunnels']] }),
      empty('Looking…'), history];
  if (!found)
    return [...heading(name, { crumbs: [['Tunnels', '#/tunnels']],
      state: { tone: 'idle', word: 'gone' } }),
    empty('This connection is not there any longer.'), history];
  const crumbs = [['Tunnels', '#/tunnels'], [`${found.tunnel}.${found.endpoint}`,
    link.endpoint(found.tunnel, found.endpoint)]];
  const { t, v } = state.rtt.get(name) ?? { t: [], v: [] };
  return [
    ...heading(name, { crumbs, state: connection_state(found),
      actions: connection_actions(name) }),
    h('div', { class: 'columns', key: 'top' },
      card('Now', {}, h('div', { class: 'body' }, facts(
        ['Transport', transport(found.transport)],
        ['Endpoint', h('a', { href: link.endpoint(found.tunnel, found.endpoint) },
          `${found.tunnel}.${found.endpoint}`)],
        ['Peer', h('span', { class: 'mono' }, found.peer)],
        ['Session', h('span', { class: 'mono' }, found.session)],
        ['Credential', found.credential || 'the password'],
        ['Age', duration(found.age_seconds)],
        ['In flight', count(found.in_flight)],
        ['From the agent', bytes(found.bytes_in)],
        ['To the agent', bytes(found.bytes_out)],
        ['Queued', bytes(found.queued_bytes)]))),
      card('Score', { note: number(found.score) }, score(found))),
    card('Round-trip time', { note: milliseconds(found.rtt_ms || NaN) },
      chart(`rtt-${name}`, { times: t, summary:
        `Round-trip time: ${milliseconds(found.rtt_ms)}`,
      lines: [{ name: 'RTT', color: 'accent', values: v,
                text: milliseconds }] })),
    card('Exchanges', { note: 'live and last, as far as remembered' },
      exchange_table([...state.exchanges.live, ...state.exchanges.finished]
        .filter(one => one.attempts.some(at => at.connection === name))
        .slice(0, 30))),
    history,
  ];
}

const score = found => [
  h('div', { class: 'body' }, bar(found.score, found.score < 0.5 ? 'warn' : '')),
  table('Terms of the score', [
    ['Term', ([name]) => name],
    ['Value', ([, value]) => number(value, 3), { n: true }],
    ['Meaning', ([name]) => h('span', { class: 'quiet' }, terms[name] ?? '')],
  ], Object.entries(found.score_terms), ([name]) => name)];
