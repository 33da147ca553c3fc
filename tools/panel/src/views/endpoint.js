import { endpoint_actions, session_actions } from '../actions.js';
import { h } from '../dom.js';
import { bytes, count, duration, milliseconds, number, plural, transport }
  from '../format.js';
import { badge, card, empty, facts, heading, link, table } from '../parts.js';
import { connection_state, endpoint_state, pool_state, target_state }
  from '../states.js';
import { aged, find_endpoint, state } from '../store.js';
import { event_line } from './events.js';
import { lane } from './fallback.js';

export function endpoint(tunnel, name) {
  const crumbs = [['Tunnels', '#/tunnels']];
  const found = find_endpoint(tunnel, name);
  const events = state.events.filter(one =>
    one.tunnel === tunnel && one.endpoint === name).slice(-60).reverse();
  const history = card('Events', {}, events.length
    ? h('ol', { class: 'log short' }, events.map(event_line))
    : empty('None remembered.'));
  if (!found)
    return [...heading(`${tunnel}.${name}`, { crumbs }),
      empty(state.up_to_date
        ? 'The node does not know this endpoint (any longer).' : 'Looking…'),
      history];
  const members = found.pools.flatMap(pool => (pool.connections ?? [])
    .map(one => ({ ...one, transport: pool.transport })));
  return [
    ...heading(`${tunnel}.${name}`, { crumbs, state: endpoint_state(found),
      actions: endpoint_actions(tunnel, name) }),
    h('div', { class: 'columns', key: 'top' },
      card('Now', {}, h('div', { class: 'body' }, facts(
        ['Connections', count(found.live_connections)],
        ['In flight', count(found.in_flight)],
        ['Latency', milliseconds(found.latency_ms)],
        ['Penalty', `${number(found.penalty)} (1 = none)`]))),
      card('Fallback', {}, h('div', { class: 'body lanes' },
        lane(tunnel, found, false),
        facts(['Reason', found.fallback.reason || '–'],
          ['In this state', duration(aged(found.fallback.since_seconds))],
          ['Next probe', found.fallback.next_probe_seconds === null ? '–'
            : found.fallback.next_probe_seconds < 0.05 ? 'now'
              : `in ${duration(found.fallback.next_probe_seconds)}`],
          ['Failures in a row', count(found.fallback.consecutive_failures)],
          ['Switches', count(found.fallback.switches)])))),
    found.unhealthy?.length > 0
      && card('Failing targets', { note: 'passed over while others are there' },
        targets(found.unhealthy)),
    card('Pools', {}, pools(found.pools)),
    card('Connections', { note: plural(members.length, 'connection') },
      connections(members)),
    sessions(members, found.unhealthy ?? []),
    history,
  ];
}

const targets = list => table('Failing targets', [
  ['Target', one => h('span', { class: 'mono' }, one.target)],
  ['State', one => badge(target_state(one)), { mark: true }],
  ['Mapping', one => String(one.mapping), { n: true }],
  ['Session', one => h('span', { class: 'mono' }, one.session)],
  ['Reason', one => one.reason],
], list, one => `${one.mapping} ${one.session}`);

const pools = list => table('Pools', [
  ['Pool', pool => transport(pool.transport)],
  ['State', pool => badge(pool_state(pool)), { mark: true }],
  ['Size', pool => `${pool.size} of ${pool.pool_size}–${pool.max_pool_size}`, { n: true }],
  ['Aims at', pool => `${pool.sizing.target_size} (${pool.sizing.reason})`],
  ['Use', pool => `${Math.round(pool.sizing.utilization * 100)} %`, { n: true }],
  ['Leased', pool => count(pool.leases), { n: true }],
  ['Waiting', pool => count(pool.waiting), { n: true }],
  ['Opened', pool => count(pool.opened_total), { n: true }],
  ['Lost', pool => count(pool.lost_total), { n: true }],
  ['Moved', pool => count(pool.moved_total), { n: true }],
  ['Refused', pool => count(pool.refused_total), { n: true }],
], list, pool => pool.transport);

export const connections = list => list.length === 0
  ? empty('None is open.')
  : table('Connections', [
    ['Connection', one =>
      h('a', { class: 'mono', href: link.connection(one.name) }, one.name)],
    ['State', one => badge(connection_state(one)), { mark: true }],
    ['Transport', one => transport(one.transport)],
    ['RTT', one => milliseconds(one.rtt_ms || NaN), { n: true }],
    ['Score', one => number(one.score), { n: true }],
    ['In flight', one => count(one.in_flight), { n: true }],
    ['In', one => bytes(one.bytes_in), { n: true }],
    ['Out', one => bytes(one.bytes_out), { n: true }],
    ['Age', one => duration(one.age_seconds), { n: true }],
    ['Peer', one => h('span', { class: 'mono' }, one.peer)],
  ], list, one => one.name);

function session_state(id, list, unhealthy) {
  if (list.every(one => one.drained)) return { tone: 'warn', word: 'drained' };
  const failing = unhealthy.find(one => one.session === id);
  return failing ? target_state(failing)
    : { tone: 'ok', word: 'in rotation' };
}

function sessions(members, unhealthy) {
  const by_id = new Map();
  for (const one of members)
    by_id.set(one.session, [...by_id.get(one.session) ?? [], one]);
  return card('Sessions', { note: 'one for each agent process' },
    by_id.size === 0 ? empty('No agent is there.') : table('Sessions', [
      ['Session', ([id]) => h('span', { class: 'mono' }, id)],
      ['Peer', ([, list]) => h('span', { class: 'mono' },
        [...new Set(list.map(one => one.peer.replace(/:\d+$/, '')))].join(', '))],
      ['Credential', ([, list]) => list[0].credential || 'the password'],
      ['Connections', ([, list]) => count(list.length), { n: true }],
      ['State', ([id, list]) => badge(session_state(id, list, unhealthy)),
        { mark: true }],
      ['Actions', ([id]) => h('div', { class: 'actions' }, session_actions(id)),
        { bare: true }],
    ], [...by_id], ([id]) => id));
}
