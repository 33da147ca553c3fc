// What the snapshots mean, as a word and a tone: ok, warn, bad or idle. The
// tone picks colour and icon; the word says it to everybody.
import { transport } from './format.js';

export function connection_state(connection) {
  if (connection.ejected) return { tone: 'bad', word: 'ejected' };
  if (connection.draining) return { tone: 'warn', word: 'draining' };
  if (connection.drained) return { tone: 'warn', word: 'drained' };
  if (connection.score < 0.5) return { tone: 'warn', word: 'weak' };
  return connection.in_flight > 0
    ? { tone: 'ok', word: 'busy' } : { tone: 'ok', word: 'ready' };
}

export function pool_state(pool) {
  if (pool.degraded) return { tone: 'bad', word: 'degraded' };
  if (pool.waiting > 0)
    return { tone: 'warn', word: `${pool.waiting} waiting` };
  if (pool.size === 0)
    return pool.pool_size === 0
      ? { tone: 'idle', word: 'empty' } : { tone: 'bad', word: 'empty' };
  return pool.usable < pool.pool_size
    ? { tone: 'warn', word: 'below minimum' } : { tone: 'ok', word: 'ready' };
}

export function endpoint_state(endpoint) {
  if (endpoint.live_connections === 0) return { tone: 'bad', word: 'down' };
  if (endpoint.drained) return { tone: 'warn', word: 'drained' };
  if (endpoint.unhealthy?.length > 0)
    return { tone: 'warn', word: 'target fails' };
  return fallback_state(endpoint.fallback);
}

/** What was set by hand says more than what it would do without. */
export function fallback_state({ state, mode }) {
  const word = mode && mode !== 'auto' ? `${transport(mode)}, by hand` : state;
  const tones = { fallback: 'warn', probing: 'probing' };
  return { tone: tones[state] ?? 'ok', word };
}

/** By the sums over all of its endpoints. */
export function tunnel_state({ enabled, summary, problem }) {
  if (!enabled) return { tone: 'idle', word: 'switched off' };
  if (problem) return { tone: 'bad', word: problem };
  if (summary.down === summary.endpoints)
    return summary.endpoints
      ? { tone: 'bad', word: 'down' } : { tone: 'idle', word: 'no endpoint' };
  return summary.down + summary.impaired + summary.recovering > 0
    ? { tone: 'warn', word: 'impaired' } : { tone: 'ok', word: 'up' };
}

/** Whether anybody can serve a mapping. */
export function mapping_state({ serving }) {
  if (!serving) return { tone: 'idle', word: 'direct' };
  const { tunnels, endpoints, live, failing, unknown } = serving;
  if (tunnels === 0) return { tone: 'bad', word: 'switched off' };
  if (unknown > 0) return { tone: 'warn', word: 'unknown' };
  if (live === 0) return { tone: 'bad', word: 'nobody there' };
  if (failing > 0) return { tone: 'warn', word: 'target fails' };
  return live < endpoints ? { tone: 'warn', word: `${live} of ${endpoints}` }
    : { tone: 'ok', word: live === 1 ? 'served' : `${live} endpoints` };
}

/** What else a mapping does with requests and answers, in a few words each. */
export function mapping_extras({ retry, cc, timeouts, error_pages, compress }) {
  const limits = ['first_byte', 'idle', 'total']
    .filter(name => timeouts?.[`${name}_timeout`] > 0)
    .map(name => `${name.replace('_', ' ')} ${timeouts[`${name}_timeout`]} s`);
  return [
    retry && `up to ${retry.attempts} endpoints`,
    cc && `copies to ${cc.to}`,
    ...limits,
    error_pages && `pages for ${Object.keys(error_pages).join(', ')}`,
    compress === false && 'no compression',
    compress && (compress.encodings ?? []).join(', '),
  ].filter(Boolean);
}

export function exchange_state(exchange) {
  if (exchange.state === 'live') return { tone: 'probing', word: 'live' };
  if (exchange.outcome_class === 'ok')
    return exchange.status >= 500
      ? { tone: 'warn', word: `answered ${exchange.status}` }
      : { tone: 'ok', word: 'ok' };
  const visitor = exchange.outcome_class === 'visitor';
  return { tone: visitor ? 'warn' : 'bad', word: exchange.outcome ?? 'failed' };
}

/** Whether the visitor did not get what was asked for, through no fault of
 *  the visitor: it failed on the way, or the target answered with 5xx. */
export const is_error = exchange => exchange.state !== 'live'
  && exchange.outcome_class !== 'visitor'
  && (exchange.outcome_class !== 'ok' || exchange.status >= 500);

const too_many = 0.1;  // Share of errors that is bad ...
const noticeable = 0.01; // ... or worth a line.

/** What an operator should know at once, the worst first: {tone, text} with
 *  `tunnel` and `endpoint` where it is about one. Of endpoints only those are
 *  known that the page has. */
export function problems({ node, tunnels, finished }) {
  const found = tunnels.filter(one => one.enabled).flatMap(tunnel_problems);
  if (node?.draining)
    found.push({ tone: 'warn', text: 'the node is draining, to stop' });
  const errors = finished.filter(is_error);
  const share = errors.length / Math.max(finished.length, 1);
  if (share >= noticeable)
    found.push({ tone: share >= too_many ? 'bad' : 'warn', page: 'exchanges',
      text: `${errors.length} of the last ${finished.length} exchanges were `
        + `errors, most of them ${most_frequent(errors)}` });
  const order = ['bad', 'warn', 'probing'];
  return found.sort((a, b) => order.indexOf(a.tone) - order.indexOf(b.tone));
}

/** The commonest word for how they ended, e.g. no-mapping. */
function most_frequent(exchanges) {
  const numbers = new Map();
  for (const one of exchanges) {
    const { word } = exchange_state(one);
    numbers.set(word, (numbers.get(word) ?? 0) + 1);
  }
  return [...numbers].sort((a, b) => b[1] - a[1])[0][0];
}

/** What is wrong with the targets of an endpoint, one line for each. */
function failing_targets(endpoint) {
  const lines = (endpoint.unhealthy ?? []).map(one =>
    `${target_state(one).word}: ${one.target} (${one.reason})`);
  return [...new Set(lines)];
}

/** A target that an agent is not asked for. */
export const target_state = ({ state }) => state === 'down'
  ? { tone: 'bad', word: 'target down' } : { tone: 'warn', word: 'target rests' };

/** How many endpoints need somebody, apart from those that the page has. */
export const unseen_problems = tunnels => tunnels
  .filter(one => one.enabled && is_served(one))
  .reduce((sum, { summary, endpoints }) => sum + summary.down
    + summary.impaired + summary.recovering + summary.with_short_pool
    - endpoints.filter(one => endpoint_problems(one).length > 0).length, 0);

const is_served = ({ summary }) => summary.down < summary.endpoints;

function tunnel_problems(tunnel) {
  const at = { tunnel: tunnel.name };
  if (tunnel.problem) return [{ ...at, tone: 'bad', text: tunnel.problem }];
  if (!is_served(tunnel))
    return [{ ...at, tone: 'bad', text: 'no agent is connected' }];
  return tunnel.endpoints.flatMap(endpoint => endpoint_problems(endpoint)
    .map(one => ({ ...at, endpoint: endpoint.name, ...one })));
}

function endpoint_problems(endpoint) {
  const { tone, word } = endpoint_state(endpoint);
  if (word === 'down') return [{ tone, text: 'no agent is connected' }];
  if (word === 'drained')
    return [{ tone, text: 'drained: it gets no new exchanges' }];
  const targets = failing_targets(endpoint).map(text => ({ tone: 'warn', text }));
  const pools = endpoint.pools.flatMap(pool => {
    const how = pool_state(pool);
    const known = endpoint.fallback.state !== 'primary'
      && pool.transport === 'grpc';
    return how.tone === 'ok' || how.tone === 'idle' || known ? []
      : [{ tone: how.tone === 'bad' ? 'warn' : how.tone,
           text: `the ${transport(pool.transport)} pool: ${how.word}` }];
  });
  const { reason } = endpoint.fallback;
  if (targets.length > 0) return [...targets, ...pools];
  return tone === 'ok' ? pools : [{ tone,
    text: `in state ${word}${reason ? ` (${reason})` : ''}` }, ...pools];
}

const good = new Set(['endpoint-up', 'endpoint-recovered', 'session-up',
  'connection-opened', 'connection-authenticated', 'connection-readmitted',
  'exchange-finished', 'tunnel-added', 'target-recovered', 'target-up',
  'endpoint-undrained', 'session-undrained', 'certificate-renewed']);
const bad = new Set(['endpoint-down', 'endpoint-degraded', 'connection-lost',
  'connection-refused', 'exchange-failed', 'auth-failed', 'pool-exhausted',
  'admin-refused', 'actor-restarted', 'limit-reached', 'target-rests',
  'target-down', 'endpoint-drained', 'session-drained',
  'certificate-refused', 'certificate-ends']);

export function event_tone(event) {
  if (event.kind === 'fallback-state')
    return event.reason === 'primary' ? 'ok' : 'warn';
  if (event.reason?.startsWith('visitor-')) return 'warn';
  if (bad.has(event.kind)) return event.severity === 'warning' ? 'bad' : 'warn';
  if (event.severity === 'warning') return 'warn';
  return good.has(event.kind) ? 'ok' : 'idle';
}
