// The actor tree as it is now: tunnels, endpoints, pools, connections.
import { fallback_action } from '../actions.js';
import { h } from '../dom.js';
import { milliseconds, plural, transport } from '../format.js';
import { first_of, first_rows, has_words, longer_lists, more, rows, worst_first }
  from '../lists.js';
import { badge, bar, button, card, empty, heading, icon, link, search } from '../parts.js';
import { connection_state, endpoint_state, pool_state, tunnel_state }
  from '../states.js';
import { state } from '../store.js';

const filter = { text: '' };
const list_of = tunnel => `endpoints ${tunnel}`;

const is_small = () => state.tunnels.reduce((sum, { summary }) =>
  sum + summary.endpoints, 0) <= first_rows;

/** All of a small node. Of a large one what is looked for, the first of each
 *  tunnel, more where more was asked for, and connections of what was opened. */
export function tunnels_want() {
  if (!state.node) return { stats: { connections: 0, each: 3 } };
  if (is_small()) return { stats: {} };
  const search = filter.text.trim();
  const first = first_of(found_tunnels().length);
  return { stats: { connections: 0, each: first, search },
    lists: [...longer_lists(state.tunnels, list_of, first, { search }),
      ...opened.values()] };
}

export function tunnels(redraw) {
  const found = worst_first(found_tunnels(),
    one => tunnel_state(one.tunnel).tone);
  return [
    ...heading('Tunnels', { state: undefined }),
    search({ placeholder: 'Tunnel, endpoint or connection',
      oninput: text => { filter.text = text; redraw(); } }),
    legend(),
    state.tunnels.length === 0 ? empty('The configuration has no tunnel.')
      : found.length === 0 && (state.up_to_date ? nothing(filter.text.trim())
        : empty('Looking…')),
    ...rows('tunnels', found).map(one =>
      tunnel_card(one, first_of(found.length), redraw)),
    more('tunnels', found.length, redraw),
  ];
}

const found_tunnels = () => state.tunnels.map(matching).filter(Boolean);

/** A tunnel with those of its endpoints that are looked for and how many there
 *  are, or null. */
function matching(tunnel) {
  const { text } = filter;
  const by_name = has_words(text, tunnel.name);
  const endpoints = by_name ? tunnel.endpoints
    : tunnel.endpoints.filter(one => has_words(text, tunnel.name, one.name,
      ...one.pools.flatMap(pool => (pool.connections ?? [])
        .map(connection => connection.name))));
  const count = by_name ? tunnel.summary.endpoints
    : is_small() ? endpoints.length : tunnel.summary.matching;
  return endpoints.length > 0 || by_name ? { tunnel, endpoints, count } : null;
}

const nothing = name => h('p', { class: 'empty' },
  'No tunnel or endpoint has that name. ',
  h('a', { href: link.connection(name) }, `Look for the connection ${name}`));

function tunnel_card({ tunnel, endpoints, count }, first, redraw) {
  const name = list_of(tunnel.name);
  const sorted = worst_first(endpoints, one => endpoint_state(one).tone);
  return card(tunnel.name, {
    id: `tunnel-${tunnel.name}`, note: describe(tunnel),
    actions: fallback_action(tunnel.name, tunnel.fallback_mode) },
  h('ul', { class: 'tree', 'aria-label': `Actors of ${tunnel.name}` },
    h('li', { key: 'tunnel' }, h('div', { class: `actor ${tunnel_state(tunnel).tone}` },
      h('span', { class: 'kind' }, h('span', null, 'tunnel'),
        `${tunnel.summary.in_flight} in flight`),
      h('span', { class: 'name', title: tunnel.name }, tunnel.name),
      badge(tunnel_state(tunnel))),
    h('ul', null,
      rows(name, sorted, first).map(one => endpoint_node(tunnel, one, redraw)),
      more(name, count, redraw, { wrap: 'li', first })))));
}

const describe = tunnel => [
  plural(tunnel.summary.endpoints, 'endpoint'),
  tunnel.fallback_enabled === false && 'no fallback',
  tunnel.fallback_mode && tunnel.fallback_mode !== 'auto'
    && `by hand: ${transport(tunnel.fallback_mode)}`].filter(Boolean).join(', ');

const legend = () => h('p', { class: 'quiet small legend', key: 'legend' },
  [['ok', 'good'], ['probing', 'on its way'], ['warn', 'impaired'],
   ['bad', 'down'], ['idle', 'off or empty']].map(([tone, word]) =>
    h('span', { class: `state ${tone}` }, icon(tone), word)));

function endpoint_node(tunnel, endpoint, redraw) {
  const how = endpoint_state(endpoint);
  return h('li', { key: endpoint.name },
    h('a', { class: `actor endpoint ${how.tone}`,
             href: link.endpoint(tunnel.name, endpoint.name) },
      h('span', { class: 'kind' }, h('span', null, 'endpoint'),
        `${endpoint.in_flight} in flight`),
      h('span', { class: 'name', title: endpoint.name }, endpoint.name),
      badge(how)),
    !is_small() && toggle(tunnel.name, endpoint, redraw),
    is_open(tunnel.name, endpoint.name)
      && h('ul', null, endpoint.pools.map(pool =>
        pool_node(pool, key_of(tunnel.name, endpoint.name), redraw))));
}

// -- what is open -------------------------------------------------------------

// key_of an endpoint -> its names, as `want` takes them.
const opened = new Map();
const key_of = (tunnel, endpoint) => `${tunnel}\n${endpoint}`;

const is_open = (tunnel, name) => is_small() || opened.has(key_of(tunnel, name));

function toggle(tunnel, endpoint, redraw) {
  const key = key_of(tunnel, endpoint.name);
  const open = opened.has(key);
  const size = endpoint.pools.reduce((sum, pool) => sum + pool.size, 0);
  return button([plural(size, 'connection'), ' ', open ? '▾' : '▸'], () => {
    if (open) opened.delete(key);
    else opened.set(key, { tunnel, endpoint: endpoint.name });
    redraw();
  }, { class: 'toggle', key: 'toggle', 'aria-expanded': String(open),
       'aria-label': `Pools of ${tunnel}.${endpoint.name}, ${
         plural(size, 'connection')}` });
}

function pool_node(pool, place, redraw) {
  const how = pool_state(pool);
  const name = `connections ${place} ${pool.transport}`;
  const sorted = worst_first(pool.connections ?? [],
    one => connection_state(one).tone);
  return h('li', { key: pool.transport },
    h('div', { class: `actor ${how.tone}` },
      h('span', { class: 'kind' }, h('span', null, 'pool'),
        `${pool.size} of ${pool.sizing?.target_size ?? pool.pool_size}`
        + `, max ${pool.max_pool_size}`),
      h('span', { class: 'name' }, transport(pool.transport)), badge(how)),
    h('ul', null, rows(name, sorted).map(connection_node),
      more(name, sorted.length, redraw, { wrap: 'li' })));
}

export function connection_node(connection) {
  const how = connection_state(connection);
  const fresh = Date.now() - (state.born.get(connection.name) ?? 0) < 1600
    && Date.now() - state.since > 3000;
  return h('li', { key: connection.name },
    h('a', { class: `actor connection ${how.tone}${fresh ? ' new' : ''}`,
             href: link.connection(connection.name) },
      h('span', { class: 'name' }, connection.name), badge(how),
      h('span', { class: 'load' }, h('span', { class:
        connection.in_flight > 0 ? 'busy' : null },
      `${connection.in_flight} in flight`),
        bar(connection.score, connection.score < 0.5 ? 'warn' : ''),
        `score ${connection.score.toFixed(2)}`,
        h('span', null, milliseconds(connection.rtt_ms)))));
}
