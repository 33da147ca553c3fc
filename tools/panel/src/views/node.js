import { log_action } from '../actions.js';
import { get, get_news } from '../api.js';
import { h } from '../dom.js';
import { count, duration } from '../format.js';
import { badge, card, empty, facts, heading } from '../parts.js';
import { aged, state } from '../store.js';

const look_again_ms = 5000;
const known = { node: '', at: 0, config: null, log: null, ready: null, problem: '' };

export function node(redraw) {
  if (state.phase === 'live' && (known.node !== state.node.id
      || Date.now() - known.at > look_again_ms)) {
    Object.assign(known, { node: state.node.id, at: Date.now() });
    look(redraw);
  }
  const { log, ready, config } = known;
  const one = state.node;
  return [
    ...heading('Node'),
    known.problem && empty(known.problem),
    h('div', { class: 'columns', key: 'top' },
      card('Process', {}, one ? h('div', { class: 'body' }, facts(
        ['Version', one.version],
        ['Id', h('span', { class: 'mono' }, one.id)],
        ['Started', new Date(one.started_ms).toLocaleString()],
        ['Up for', duration(aged(one.uptime_seconds))],
        ['State', badge(one.draining ? { tone: 'warn', word: 'draining' }
          : { tone: 'ok', word: 'serving' })],
        ['Ready', ready ? readiness(ready) : '–'],
        ['Actors', count(state.actors)])) : empty('–')),
      card('Log', { actions: log && log_action(log, answer => {
        known.log = answer;
        redraw();
      }) }, log ? h('div', { class: 'body' }, facts(
        ['Level', log.level],
        ...Object.entries(log.components))) : empty('–'))),
    card('Events so far', { note: 'by kind' },
      h('dl', { class: 'body counts' }, Object.entries(state.counts).sort()
        .map(([kind, value]) => h('div', { key: kind },
          h('dt', null, kind.replaceAll('-', ' ')),
          h('dd', null, count(value)))))),
    config && h('details', { class: 'card', key: 'config' },
      h('summary', null, 'Effective configuration, secrets masked'),
      h('pre', { tabindex: 0 }, config)),
  ];
}

async function look(redraw) {
  const result = await Promise.allSettled(
    [get_news('config', 'config'), get('log'), get('ready')]);
  const [config, log, ready] = result.map(one => one.value ?? null);
  if (config) known.config = excerpt(config.config);
  Object.assign(known, { log,
    ready: ready ?? { ready: false, below_pool_size: [] },
    problem: result[0].reason?.message ?? '' });
  redraw();
}

const most_of_each = 100;

/** The configuration as text; long lists with their beginning alone. */
function excerpt({ tunnels, mappings, ...rest }) {
  const names = Object.keys(tunnels);
  const left_out = [[names.length, 'tunnels'], [mappings.length, 'mappings']]
    .filter(([number]) => number > most_of_each)
    .map(([number, what]) => `// The first ${most_of_each} of ${number} ${what}; `
      + 'all are in /.api/config.\n');
  return left_out.join('') + JSON.stringify({ ...rest,
    tunnels: Object.fromEntries(Object.entries(tunnels).slice(0, most_of_each)),
    mappings: mappings.slice(0, most_of_each) }, null, 2);
}

const readiness = ({ ready, below_pool_size, below_pool_size_count }) => ready
  ? badge({ tone: 'ok', word: 'ready' })
  : [badge({ tone: 'warn', word: 'not ready' }), ' ', below_pool_size
    .slice(0, 20).map(one => `${one.tunnel}.${one.endpoint} ${one.transport}: `
      + `${one.usable} of ${one.pool_size}`).join(', '),
  below_pool_size_count > 20 && ` and ${count(below_pool_size_count - 20)} more`];
