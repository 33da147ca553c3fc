// What the page knows of the node, kept up to date by the event stream and by
// short polls. Views read `state` and are drawn again after every change.
import { api_error, forget, get, get_news, server_sent_events, token }
  from './api.js';

const keep_events = 2000;
const keep_points = 450;
const poll_ms = 2000;
const pace = 10;     // A look that took long is followed by a longer pause ...
const haste = 3;     // ... also when something has happened.
const silence_ms = 25_000; // The node sends something every 10 s.

export const state = {
  phase: 'connecting', // connecting, live, gone, locked
  problem: '',
  since: Date.now(),   // ... in this phase
  node: null,
  totals: null,
  actors: null,
  as_of: Date.now(),   // when the ages were true
  counts: {},
  tunnels: [],         // each with those of its endpoints that are shown
  up_to_date: false,   // whether all that is wanted is there
  connection: { asked: '', found: null }, // the one that is looked at
  mappings: null,      // the answer about those that are shown
  exchanges: { live: [], finished: [] },
  events: [],          // in order, each with a `key` of its own
  missed: 0,
  requests: false,     // whether events of single requests are wanted
  series: { t: [], started: [], failed: [], up: [], down: [], live: [],
            p50: [], p95: [] },
  rtt: new Map(),      // connection name -> {t, v}
  born: new Map(),     // connection name -> when this page first saw it
  skew: 0,             // node's clock minus ours, ms
};

/** Seconds that the node told, as they are now. */
export const aged = seconds => seconds + (Date.now() - state.as_of) / 1000;

/** The node's time. */
export const now = () => Date.now() + state.skew;

const watchers = new Set();
export const watch = watcher => watchers.add(watcher);
const changed = () => watchers.forEach(watcher => watcher());

let stream = null;   // AbortController of the event stream
let last_id = '';
let wake = () => {};

export function every_connection(tunnels = state.tunnels) {
  return tunnels.flatMap(tunnel => tunnel.endpoints.flatMap(endpoint =>
    endpoint.pools.flatMap(pool => (pool.connections ?? []).map(connection =>
      ({ ...connection, tunnel: tunnel.name, endpoint: endpoint.name,
         transport: pool.transport })))));
}

export const find_endpoint = (tunnel, name) => state.tunnels
  .find(one => one.name === tunnel)?.endpoints.find(one => one.name === name);

/** Runs for as long as the page is open. */
export async function run() {
  let failures = 0;
  for (;;) {
    try {
      await follow(() => { failures = 0; });
      failures = Math.max(failures, 1);
      await look(); // Ended by the node: is it still there?
    } catch (error) {
      ++failures;
      enter(error);
    }
    const seconds = state.phase === 'locked' ? 3600
      : Math.min(5, 0.25 * 2 ** Math.min(failures, 6));
    await Promise.race([
      new Promise(resolve => setTimeout(resolve, seconds * 1000)),
      new Promise(resolve => { wake = resolve; })]);
  }
}

/** Tries again at once, e.g. with another token. */
export function retry() {
  set_phase('connecting', '');
  wake();
}

/** Asks for events of single requests too, or no longer. */
export function want_requests(wanted) {
  state.requests = wanted;
  stream?.abort();
  wake();
}

function enter(error) {
  const status = error instanceof api_error ? error.status : 0;
  if (status === 401) {
    set_phase('locked', token.get() ? 'The node refused this token.' : '');
    token.clear();
  } else {
    set_phase('gone', error.message);
  }
}

function set_phase(phase, problem) {
  if (state.phase !== phase) state.since = Date.now();
  state.phase = phase;
  state.problem = problem;
  changed();
}

// -- what is asked for --------------------------------------------------------

const nothing = { stats: { limit: 0 }, lists: [], connection: '',
                  mappings: null };
let wish = nothing;

/** What is shown, of which nothing else is asked for: endpoints as the
 *  parameters `stats` of /.api/stats say, and each of `lists` as parameters of
 *  /.api/endpoints; one connection by its name; `mappings` as parameters. */
export function want(more = {}) {
  const next = { ...nothing, ...more };
  if (JSON.stringify(next) === JSON.stringify(wish)) return;
  wish = next;
  state.up_to_date = false;
  poke(0);
}

const path_of = (resource, parameters) => `${resource}?${
  new URLSearchParams(Object.entries(parameters)
    .filter(([, value]) => value !== undefined && value !== ''))}`;

/** A link may name a tunnel that is no more: then the rest is shown. */
const stats_of = ({ stats }) => get_news('stats', path_of('stats', stats))
  .catch(error => {
    if (error.status !== 400) throw error;
    return get_news('stats', path_of('stats', nothing.stats));
  });

let told = []; // the tunnels as stats have them
const is_known = tunnel => told.some(({ name }) => name === tunnel);
let besides = []; // endpoints of the lists that came last

async function look() {
  const wanted = wish;
  const [stats, exchanges] = await Promise.all([
    stats_of(wanted),
    get_news('exchanges', 'exchanges?limit=200')]);
  if (exchanges) state.exchanges = exchanges;
  if (stats) apply_stats(stats);
  put_in(besides);
  add_point();
  changed(); // For the rest the node looks at all of its endpoints once more.
  await look_closer(wanted);
  state.up_to_date = wanted === wish;
  note_connections();
  changed();
}

async function look_closer(wanted) {
  const { connection } = wanted;
  const [mappings, found, ...lists] = await Promise.all([
    wanted.mappings && get_news('mappings', path_of('mappings', wanted.mappings)),
    connection && get(path_of('connections', place_of(connection))),
    ...wanted.lists.filter(one => is_known(one.tunnel))
      .map(one => get(path_of('endpoints', one)))]);
  if (mappings) state.mappings = mappings;
  if (connection)
    state.connection = { asked: connection, found: found.connections[0] ?? null };
  besides = lists.flatMap(one => one.endpoints);
  put_in(besides);
}

/** Where a connection was found it is looked for again: it stays with its
 *  endpoint, and the node need not ask all the others. */
function place_of(name) {
  const { asked, found } = state.connection;
  return asked === name && found && is_known(found.tunnel)
    ? { name, tunnel: found.tunnel, endpoint: found.endpoint } : { name };
}

/** Endpoints that were asked for, besides what stats tell or in its place. */
function put_in(endpoints) {
  const lists = new Map();
  for (const one of endpoints)
    lists.set(one.tunnel, [...lists.get(one.tunnel) ?? [], one]);
  state.tunnels = told.map(tunnel => {
    const fresh = lists.get(tunnel.name);
    if (!fresh) return tunnel;
    const by_name = new Map([...tunnel.endpoints, ...fresh]
      .map(one => [one.name, one]));
    return { ...tunnel, endpoints: [...by_name.values()] };
  });
}

async function follow(arrived) {
  await look();
  const { node } = state;
  stream = new AbortController();
  const signal = stream.signal;
  let timer;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stream.abort(), silence_ms);
  };
  const polls = poll(signal);
  try {
    // From the second event at first (0 would mean no history at all), so that
    // what is remembered comes too.
    const from = last_id.startsWith(`${node.id}-`) ? last_id : `${node.id}-1`;
    const path = `events?tunnels=0${state.requests ? '&kind=all' : ''}`;
    heard();
    for await (const message of server_sent_events(path,
      { last_id: from, signal })) {
      heard();
      arrived();
      if (state.phase !== 'live') set_phase('live', '');
      if (message.id) last_id = message.id;
      apply_message(message);
    }
  } finally {
    clearTimeout(timer);
    stream.abort();
    await polls;
  }
}

/** Looks again and again until the stream ends. */
async function poll(signal) {
  while (!signal.aborted) {
    const begin = Date.now();
    try {
      await look();
    } catch (error) {
      if (error.status === 0 || error.status === 401) stream.abort();
    }
    await pause(signal, Date.now() - begin);
  }
}

let poke = () => {}; // poke(ms): looks again that soon, if the node may bear it
let poked = null;    // ... while a look is under way

function pause(signal, cost) {
  return new Promise(resolve => {
    let due = Infinity;
    let timer;
    const done = () => {
      clearTimeout(timer);
      poke = ms => { poked = Math.min(poked ?? ms, ms); };
      resolve();
    };
    const by = at => {
      if (at >= due) return;
      due = at;
      clearTimeout(timer);
      timer = setTimeout(done, at - Date.now());
    };
    const end = Date.now();
    poke = ms => by(ms === 0 ? Date.now()
      : Math.max(Date.now() + ms, end + haste * cost));
    by(end + Math.max(poll_ms, pace * cost));
    if (poked !== null) poke(poked);
    poked = null;
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
  });
}

function apply_message({ type, data }) {
  if (type === 'tick') return;
  const value = JSON.parse(data);
  if (type === 'snapshot') {
    apply_node(value.node);
    state.totals = value.exchanges;
  } else if (type === 'missed') {
    state.missed += value.count ?? 0;
  } else if (type === 'event') {
    add_event(value);
    poke(250); // Something changed; the tree itself is asked for.
  }
  changed();
}

function add_event(event) {
  const key = `${state.node?.id}-${event.serial}`;
  if (event.serial <= (newest.get(state.node?.id) ?? 0)) return;
  newest.set(state.node?.id, event.serial);
  state.events.push({ ...event, key });
  if (state.events.length > keep_events)
    state.events.splice(0, state.events.length - keep_events);
}
const newest = new Map();

function apply_node(node) {
  if (state.node && state.node.id !== node.id) {
    const text = 'The node was restarted; from here on it is a new process.';
    state.events.push({
      key: `restart-${node.id}`, serial: 0, time_ms: node.started_ms,
      kind: 'node-restarted', severity: 'warning', tunnel: '', endpoint: '',
      transport: '', connection: '', session: '', request_id: '', reason: '',
      detail: text, number: 0, text });
    before = null;
    forget();
    state.rtt.clear();
  }
  state.skew = node.time_ms - Date.now();
  state.node = node;
}

function apply_stats(stats) {
  apply_node(stats.node);
  state.as_of = Date.now();
  state.actors = stats.actors?.running ?? null;
  state.counts = stats.events?.counts ?? {};
  state.totals = stats.exchanges;
  told = Object.entries(stats.tunnels)
    .map(([name, tunnel]) => ({ ...tunnel, name }));
}

function note_connections() {
  const at = Date.now();
  const { found } = state.connection;
  const live = new Set();
  for (const { name, rtt_ms } of [...every_connection(), found].filter(Boolean)) {
    live.add(name);
    if (!state.born.has(name)) state.born.set(name, at);
    const { t, v } = state.rtt.get(name)
      ?? state.rtt.set(name, { t: [], v: [] }).get(name);
    if (t.length && at - t.at(-1) * 1000 < poll_ms / 2) continue;
    t.push(at / 1000);
    v.push(rtt_ms > 0 ? rtt_ms : null);
    if (t.length > keep_points) { t.shift(); v.shift(); }
  }
  for (const map of [state.rtt, state.born])
    for (const name of map.keys()) if (!live.has(name)) map.delete(name);
}

let before = null; // The totals at the last point, and when.

function add_point() {
  const at = now();
  const exchanges = state.totals;
  if (before && at - before.at < poll_ms / 2) return;
  const seconds = before ? (at - before.at) / 1000 : 0;
  const rate = key => seconds > 0
    ? Math.max(0, exchanges[key] - before.exchanges[key]) / seconds : null;
  const times = state.exchanges.finished
    .filter(one => one.outcome_class === 'ok'
      && one.started_ms + one.duration_ms > at - 3 * poll_ms)
    .map(one => one.duration_ms);
  const point = { t: Date.now() / 1000, started: rate('started'),
    failed: rate('failed'), up: rate('bytes_up'), down: rate('bytes_down'),
    live: exchanges.live, p50: quantile(times, 0.5),
    p95: quantile(times, 0.95) };
  for (const [key, values] of Object.entries(state.series)) {
    values.push(point[key]);
    if (values.length > keep_points) values.shift();
  }
  before = { at, exchanges };
}

export function quantile(values, share) {
  if (!values.length) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
