// One exchange: which mapping won, every attempt and move, times, outcome.
import { get } from '../api.js';
import { h } from '../dom.js';
import { bytes, clock, milliseconds, plural, target_of, transport }
  from '../format.js';
import { card, empty, facts, heading, link, pairs } from '../parts.js';
import { exchange_state } from '../states.js';
import { state } from '../store.js';
import { event_line } from './events.js';

const found = { id: '', list: null, problem: '', at: 0, busy: false };

export function exchange(id, redraw) {
  if (found.id !== id)
    Object.assign(found, { id, list: at_hand(id), problem: '', at: 0,
                           busy: false });
  const over = found.list?.every(one => one.state !== 'live');
  if (!over && !found.busy && Date.now() - found.at > 1000 && !found.problem)
    look(id, redraw);
  const crumbs = [['Exchanges', '#/exchanges']];
  if (!found.list?.length)
    return [...heading('Exchange', { crumbs }),
      empty(found.problem || 'Looking…')];
  return found.list.flatMap((one, i) => details(one, i === 0 ? crumbs : []));
}

/** What was listed a moment ago the node may have forgotten by now. */
function at_hand(id) {
  const { live, finished } = state.exchanges;
  const list = [...live, ...finished].filter(one =>
    one.id === id || one.request_id === id);
  return list.length ? list : null;
}

async function look(id, redraw) {
  found.busy = true;
  try {
    const { live, finished } =
      await get(`exchanges?id=${encodeURIComponent(id)}`);
    if (found.id === id) found.list = [...live, ...finished];
  } catch (error) {
    if (found.id === id) found.problem = error.status === 404
      ? `The node remembers no exchange with the id ${id}.` : error.message;
  }
  found.at = Date.now();
  found.busy = false;
  redraw();
}

function details(one, crumbs) {
  const events = state.events.filter(event =>
    one.request_id && event.request_id === one.request_id);
  return [
    ...heading(`${one.method} ${target_of(one)}`,
      { crumbs, state: exchange_state(one) }),
    h('div', { class: 'columns', key: `top-${one.id}` },
      card('Exchange', { id: `facts-${one.id}` }, h('div', { class: 'body' }, facts(
        ['Request id', h('span', { class: 'mono' }, one.request_id)],
        ['Exchange id', h('span', { class: 'mono' }, one.id)],
        ['Visitor', h('span', { class: 'mono' }, one.visitor)],
        one.user && ['User', one.user],
        one.access && [one.outcome && one.access === one.detail
          ? 'Refused by' : 'Let in by', one.access],
        ['Started', clock(one.started_ms)],
        ['Status', one.status ?? (one.outcome ? 'none was sent' : 'not known yet')],
        ['Outcome', !one.outcome ? 'still running'
          : one.outcome === one.outcome_class ? one.outcome
            : `${one.outcome} (class ${one.outcome_class})`],
        one.detail && one.detail !== one.access && ['Detail', one.detail],
        ['From the visitor', bytes(one.bytes_up)],
        ['To the visitor', bytes(one.bytes_down)]))),
      card('Mapping', { id: `mapping-${one.id}` }, one.mapping
        ? h('div', { class: 'body' }, facts(
          ['From', one.mapping.from || '–'], ['To', one.mapping.to || '–'],
          ['Place in the file', one.mapping.index === null ? 'none: it is published'
            : `mappings[${one.mapping.index}]`],
          ['Why it won', one.mapping.why],
          ['Endpoint', one.endpoint
            ? h('a', { href: link.endpoint(one.tunnel, one.endpoint) },
              `${one.tunnel}.${one.endpoint}`) : '–'],
          ['Transport', transport(one.transport || undefined)]))
        : empty('No mapping matched.'))),
    card('Times', { id: `times-${one.id}`, note: milliseconds(one.duration_ms) },
      h('div', { class: 'body' }, times(one))),
    card('Attempts', { id: `attempts-${one.id}`,
      note: [plural(one.attempts.length, 'attempt'), one.moves > 0
        && plural(one.moves, 'move')].filter(Boolean).join(', ') },
    one.attempts.length
      ? h('ol', { class: 'body steps' }, attempts(one))
      : empty('It was never sent.')),
    events.length > 0 && card('Events', { id: `events-${one.id}` },
      h('ol', { class: 'log short' }, events.map(event_line))),
  ].filter(Boolean);
}

function times(one) {
  const steps = [['Finding a connection', 0, one.acquired_ms],
    ['Waiting for the answer', one.acquired_ms, one.first_byte_ms],
    ['Answer', one.first_byte_ms, one.state === 'live' ? null : one.duration_ms]];
  const all = Math.max(one.duration_ms, 0.001);
  return h('div', { class: 'waterfall' }, steps.map(([name, from, to]) => [
    h('span', null, name),
    h('span', { class: 'track' }, from !== null && to !== null
      && h('span', { style: { left: `${from / all * 100}%`,
                              width: `${(to - from) / all * 100}%` } })),
    h('span', { class: 'nowrap end' }, from !== null && to !== null
      ? milliseconds(to - from) : '–')]));
}

const kinds = { first: 'Sent', resume: 'Resumed: the same session went on',
  restart: 'Sent again from its first byte' };

const attempts = one => [
  ...one.attempts.map((at, i) => h('li', {
    class: at.lost_at_ms === null ? 'ok' : 'bad', key: String(i) },
  h('div', null, h('b', null, kinds[at.kind] ?? at.kind), ' ',
    h('span', { class: 'quiet' }, `after ${milliseconds(at.at_ms)}`)),
  h('div', { class: 'small' }, pairs([
    ['over', transport(at.transport)],
    ['connection', at.connection
      && h('a', { class: 'mono', href: link.connection(at.connection) },
        at.connection)],
    ['endpoint', at.endpoint && `${at.tunnel}.${at.endpoint}`],
    ['session', at.session && h('span', { class: 'mono' },
      at.session.slice(0, 8))]])),
  at.lost_at_ms !== null && h('div', { class: 'small' },
    `Lost after ${milliseconds(at.lost_at_ms)}`
    + (at.reason && at.reason !== 'lost' ? `: ${at.reason}` : '')))),
  h('li', { class: exchange_state(one).tone, key: 'end' },
    h('div', null, h('b', null, one.state === 'live' ? 'Running'
      : one.outcome === 'ok' ? 'Finished' : `Failed: ${one.outcome}`), ' ',
    h('span', { class: 'quiet' }, `after ${milliseconds(one.duration_ms)}`)))];
