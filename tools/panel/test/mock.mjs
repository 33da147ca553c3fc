// A stand-in for a node: serves dist/ and answers as openapi.json says, with
// an endpoint whose name is markup. For working on the panel without a node:
//
//   node test/mock.mjs [port]    then open http://127.0.0.1:PORT/.admin/
//
// Environment: MOCK_TOKEN  the admin token it wants (default: none)
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = join(dirname(fileURLToPath(import.meta.url)), '../dist');
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript',
  '.css': 'text/css', '.svg': 'image/svg+xml' };
const hex = (digits, seed) => (seed * 2654435761 >>> 0).toString(16)
  .padStart(8, '0').repeat(4).slice(0, digits);
export const evil = '<img src=x onerror="document.title=1">';

export class mock_node {
  constructor({ token = '' } = {}) {
    this.token = token;
    this.streams = new Set();
    this.reset();
  }

  /** As after a start. */
  reset() {
    this.id = hex(16, Date.now() % 1e6 + 1);
    this.started = Date.now();
    this.serial = 0;
    this.events = [];
    this.counts = {};
    this.log = { level: 'info', components: { pool: 'debug' } };
    this.actions = [];
    this.live = [];
    this.finished = [];
    this.totals = { started: 0, finished: 0, failed: 0, live: 0, moved: 0,
                    bytes_up: 0, bytes_down: 0 };
    this.next = 1;
    this.tunnels = [
      this.tunnel('tunnel1', [this.endpoint('tunnel1', 'app1', 1, 3),
                              this.endpoint('tunnel1', evil, 1, 2)]),
      this.tunnel('bürö', [this.endpoint('bürö', '東京-1', 2, 2)]),
    ];
  }

  tunnel(name, endpoints) {
    return { name, enabled: true, fallback_enabled: true, grpc_enabled: true,
      websocket_enabled: true, fallback_mode: 'auto', endpoints };
  }

  endpoint(tunnel, name, grpc, websocket) {
    return { name, live_connections: grpc + websocket, in_flight: 0,
      latency_ms: 0.8, penalty: 1,
      fallback: { state: 'primary', mode: 'auto', reason: 'start',
        since: Date.now(), next_probe_seconds: null, consecutive_failures: 0,
        switches: 0, waiting_for_session: 0 },
      pools: [this.pool(tunnel, name, 'grpc', grpc, 4),
              this.pool(tunnel, name, 'websocket', websocket, 10)] };
  }

  pool(tunnel, endpoint, transport, size, max) {
    return { tunnel, endpoint, transport, size, pool_size: size,
      max_pool_size: max, leases: 0, waiting: 0, usable: size, asked: 0,
      sizing: { target_size: size, utilization: 0.02, reason: 'minimum' },
      degraded: '', leased_total: 0, opened_total: size, lost_total: 0,
      ejected_total: 0, moved_total: 0, refused_total: 0,
      connections: Array.from({ length: size }, () =>
        this.connection(transport)) };
  }

  connection(transport) {
    const seed = this.born = (this.born ?? 7) + 1;
    return { name: `${transport === 'grpc' ? 'grpc' : 'ws'}-${hex(6, seed)}`,
      peer: `10.0.0.${seed}:${40000 + seed}`, session: hex(32, seed % 3 + 1),
      in_flight: 0, draining: false, ejected: false, rtt_ms: 0.8,
      born: Date.now() - seed * 1000, score: 0.98,
      score_terms: { failures: 0, resets: 0, age: 0.007, penalty: 1.02 },
      bytes_in: 51234, bytes_out: 9123, queued_bytes: 0 };
  }

  // -- what happens -----------------------------------------------------------

  emit(kind, more = {}) {
    const event = { serial: ++this.serial, time_ms: Date.now(), kind,
      severity: 'info', tunnel: '', endpoint: '', transport: '',
      connection: '', session: '', request_id: '', reason: '', detail: '',
      number: 0, text: kind, ...more };
    this.events.push(event);
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    for (const stream of this.streams) stream(this.message(event));
    return event;
  }

  message(event) {
    return `id: ${this.id}-${event.serial}\nevent: event\n`
      + `data: ${JSON.stringify(event)}\n\n`;
  }

  fall_back(state, cause, tunnel = 0, endpoint = 0) {
    const at = this.tunnels[tunnel].endpoints[endpoint];
    Object.assign(at.fallback, { state, reason: cause, since: Date.now(),
      switches: at.fallback.switches + 1 });
    this.emit('fallback-state', { tunnel: this.tunnels[tunnel].name,
      endpoint: at.name, reason: state, detail: cause, severity: 'warning' });
  }

  open(transport = 'websocket') {
    const { name: tunnel, endpoints: [endpoint] } = this.tunnels[0];
    const pool = endpoint.pools.find(one => one.transport === transport);
    const one = this.connection(transport);
    pool.connections.push(one);
    pool.size = pool.usable = pool.connections.length;
    this.emit('connection-opened', { tunnel, endpoint: endpoint.name,
      transport, connection: one.name, session: one.session,
      number: pool.size });
    return one;
  }

  close(name, kind = 'connection-drained') {
    for (const tunnel of this.tunnels) for (const at of tunnel.endpoints)
      for (const pool of at.pools) {
        const index = pool.connections.findIndex(one => one.name === name);
        if (index < 0) continue;
        pool.connections.splice(index, 1);
        pool.size = pool.usable = pool.connections.length;
        this.emit(kind, { tunnel: tunnel.name, endpoint: at.name,
          transport: pool.transport, connection: name, severity: 'warning' });
        return true;
      }
    return false;
  }

  exchange(i = this.next++) {
    const at = this.tunnels[i % 7 === 0 ? 1 : 0];
    const endpoint = at.endpoints[i % 5 === 0 ? at.endpoints.length - 1 : 0];
    const [first, second] = endpoint.pools.map(pool => pool.connections[0]);
    const bad = i % 23 === 0;
    const moved = i % 11 === 0;
    const took = 4 + (i * 37 % 50) / 3 + (i % 13 === 0 ? 80 : 0);
    const attempt = (connection, transport, more) => ({ at_ms: 0.05,
      kind: 'first', tunnel: at.name, endpoint: endpoint.name,
      session: connection?.session ?? '', connection: connection?.name ?? '',
      transport, lost_at_ms: null, reason: '', ...more });
    const last = moved ? second : first;
    const one = { id: String(8213456000 + i), request_id: `f3a1c9d2e4b5-${i}`,
      state: bad ? 'failed' : 'finished', visitor: `192.0.2.${i % 250}`,
      method: i % 4 ? 'GET' : 'POST', host: 'example.com',
      path: i % 9 ? `/api/users?page=${i}` : '/<script>alert(1)</script>',
      mapping: { index: 0, from: 'http://example.com/api',
        to: 'http://localhost:3000/v1',
        why: 'the longest of 2 matching prefixes' },
      tunnel: at.name, endpoint: endpoint.name, session: last?.session ?? '',
      connection: last?.name ?? '', transport: moved ? 'websocket' : 'grpc',
      attempts: moved
        ? [attempt(first, 'grpc', { lost_at_ms: took / 2, reason: 'lost' }),
           attempt(second, 'websocket', { at_ms: took / 2 + 0.4, kind: 'resume' })]
        : [attempt(first, 'grpc')],
      moves: moved ? 1 : 0, bytes_up: i % 4 ? 0 : 1200, bytes_down: 400 * i % 90000,
      started_ms: Date.now(), acquired_ms: 0.05, first_byte_ms: took * 0.8,
      duration_ms: took, status: bad ? 502 : 200,
      outcome: bad ? 'origin-refused' : 'ok',
      outcome_class: bad ? 'origin' : 'ok',
      detail: bad ? 'connect to localhost:3000: refused' : '' };
    this.finished.unshift(one);
    this.finished.length = Math.min(this.finished.length, 500);
    ++this.totals.started;
    ++this.totals[bad ? 'failed' : 'finished'];
    this.totals.moved += one.moves;
    this.totals.bytes_up += one.bytes_up;
    this.totals.bytes_down += one.bytes_down;
    return one;
  }

  // -- what is told -----------------------------------------------------------

  node() {
    const now = Date.now();
    return { id: this.id, version: '0.1.0', started_ms: this.started,
      uptime_seconds: (now - this.started) / 1000, time_ms: now,
      draining: false };
  }

  tree() {
    const now = Date.now();
    return this.tunnels.map(tunnel => ({ ...tunnel,
      endpoints: tunnel.endpoints.map(at => ({ ...at,
        live_connections: at.pools.reduce((sum, pool) => sum + pool.size, 0),
        fallback: { ...at.fallback, mode: tunnel.fallback_mode, since: undefined,
          since_seconds: (now - at.fallback.since) / 1000 },
        pools: at.pools.map(pool => ({ ...pool,
          connections: pool.connections.map(one => ({ ...one, born: undefined,
            age_seconds: (now - one.born) / 1000,
            rtt_ms: 0.8 + Math.sin(now / 3000 + one.born) * 0.3 })) })) })) }));
  }

  stats() {
    const tunnels = this.tree();
    return { grpc: { tunnels: 2, tunnel_details: {} },
      websocket: { pools: 3, total_connections: 7, active_connections: 0 },
      fallback_enabled: true, actors: { running: 31 }, node: this.node(),
      exchanges: this.totals,
      events: { serial: this.serial, counts: this.counts,
                subscribers: this.streams.size },
      tunnels: Object.fromEntries(tunnels.map(one => [one.name, one])) };
  }

  answer(path, query) {
    switch (path) {
      case 'stats': return this.stats();
      case 'tunnels': return { tunnels: this.tree() };
      case 'exchanges': {
        const id = query.get('id');
        const finished = id ? this.finished.filter(one =>
          one.id === id || one.request_id === id) : this.finished;
        if (id && !finished.length) return null;
        return { totals: this.totals, live: [],
                 finished: finished.slice(0, query.get('limit') ?? 500) };
      }
      case 'config': return { config: { tunnels: {
        tunnel1: { password: '***' } } } };
      case 'log': return this.log;
      case 'ready': return { ready: true, below_pool_size: [] };
      case 'explain': return this.explain(query.get('url'), query.get('method'));
      default: return null;
    }
  }

  explain(url, method) {
    const mapping = { index: 0, from: 'http://example.com/api',
      to: 'http://localhost:3000/v1', matches: true, wins: true,
      why: 'the only match' };
    return { url, method, outcome: 'ok', status: 0, summary: 'mapping 0 to '
      + 'http://localhost:3000/v1/x by tunnel1.app1 over grpc', mapping,
      target: 'http://localhost:3000/v1/x', direct: false,
      balance: 'least_loaded', candidates: [mapping, { ...mapping, index: 1,
        from: 'http://example.org', matches: false, wins: false,
        why: 'another host' }],
      tunnels: [{ name: 'tunnel1', enabled: true,
        endpoints: this.tunnels[0].endpoints.map(at => ({ name: at.name,
          could_serve: true, why: 'has live connections', live_connections: 4,
          in_flight: 0, transport: 'grpc', transport_why: 'in state primary' })) }] };
  }

  act(path, body) {
    const [kind, name, action] = path.split('/').map(decodeURIComponent);
    this.actions.push({ path, body });
    if (path === 'log') {
      if (body.component) this.log.components[body.component] = body.level;
      else this.log.level = body.level;
      return this.log;
    }
    if (kind === 'connections'
        && !this.close(name, action === 'fault' ? 'connection-lost' : undefined))
      return null;
    if (kind === 'tunnels')
      this.tunnels.find(one => one.name === name).fallback_mode = body.mode;
    this.emit('admin-action', { detail: `${action} ${name}` });
    return { done: true, action: action ?? kind, target: `${kind} ${name}`,
             count: 1 };
  }

  // -- HTTP -------------------------------------------------------------------

  async listen(port = 0) {
    this.server = createServer((request, response) =>
      this.serve(request, response).catch(() => response.destroy()));
    await new Promise(done => this.server.listen(port, '127.0.0.1', done));
    this.port = this.server.address().port;
    return this;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise(done => this.server.close(done));
    this.streams.clear();
  }

  async serve(request, response) {
    const url = new URL(request.url, 'http://mock');
    if (url.pathname.startsWith('/.admin/'))
      return this.file(url.pathname.slice(8) || 'index.html', response);
    const json = (status, value) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    if (this.token && request.headers.authorization !== `Bearer ${this.token}`)
      return json(401, { error: 'The admin token is missing or wrong.' });
    const path = url.pathname.replace('/.api/', '');
    if (path === 'events') return this.stream(request, response);
    let value;
    if (request.method === 'POST') {
      let text = '';
      for await (const piece of request) text += piece;
      value = this.act(path, JSON.parse(text));
    } else {
      value = this.answer(path, url.searchParams);
    }
    return value ? json(200, value) : json(404, { error: 'Not found.' });
  }

  stream(request, response) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const snapshot = { serial: this.serial, node: this.node(),
      exchanges: this.totals, tunnels: this.tree() };
    const [id, last] = (request.headers['last-event-id'] ?? '').split('-');
    const since = id === this.id && Number(last) ? Number(last) : this.serial;
    response.write(`id: ${this.id}-${since}\nevent: snapshot\n`
      + `data: ${JSON.stringify(snapshot)}\n\n`);
    for (const event of this.events.filter(one => one.serial > since))
      response.write(this.message(event));
    const send = text => response.write(text);
    this.streams.add(send);
    const beat = setInterval(send, 5000, ': heartbeat\n\n');
    response.on('close', () => {
      clearInterval(beat);
      this.streams.delete(send);
    });
  }

  async file(name, response) {
    try {
      const body = await readFile(join(dist, name.replaceAll('..', '')));
      response.writeHead(200, { 'content-type': types[extname(name)],
        'content-security-policy': "default-src 'self'" });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  }
}

/** Some past and an endless present. */
export function bustle(node) {
  node.emit('tunnel-added', { tunnel: 'tunnel1' });
  for (const { name, endpoints } of node.tunnels) for (const at of endpoints) {
    node.emit('endpoint-up', { tunnel: name, endpoint: at.name });
    for (const pool of at.pools) for (const one of pool.connections)
      node.emit('connection-opened', { tunnel: name, endpoint: at.name,
        transport: pool.transport, connection: one.name,
        session: one.session });
  }
  node.emit('auth-failed', { tunnel: 'tunnel1', endpoint: evil,
    severity: 'warning', reason: 'wrong-password', detail: 'from 192.0.2.9' });
  for (let i = 0; i < 120; ++i) node.exchange();
  let tick = 0;
  const timer = setInterval(() => {
    ++tick;
    for (let i = 0; i < 3 + 3 * Math.sin(tick / 12); ++i) node.exchange();
    node.tunnels[0].endpoints[0].pools[0].connections.forEach((one, i) => {
      one.in_flight = (tick + i) % 4;
    });
  }, 200);
  timer.unref();
  return () => clearInterval(timer);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const node = new mock_node({ token: process.env.MOCK_TOKEN });
  await node.listen(Number(process.argv[2] ?? 9191));
  bustle(node);
  let n = 0;
  const states = [['fallback', '3 transport failures in a row: lost'],
    ['probing', 'hold-down is over'], ['primary', '3 good probes']];
  setInterval(() => node.fall_back(...states[n++ % 3]), 9000);
  console.log(`http://127.0.0.1:${node.port}/.admin/`);
}
