import { h } from '../dom.js';
import { bytes, clock, count, milliseconds, plural, target_of, transport }
  from '../format.js';
import { badge, button, card, empty, heading, link, search, table } from '../parts.js';
import { exchange_state } from '../states.js';
import { state } from '../store.js';

let rows = 50;
const filter = { text: '', outcome: '' };
const classes = ['', 'ok', 'node', 'unavailable', 'transport', 'origin',
  'timeout', 'visitor', 'internal'];

export function exchanges(redraw) {
  const { live, finished } = state.exchanges;
  const shown = finished.filter(matches);
  const shown_live = live.filter(matches);
  return [
    ...heading('Exchanges'),
    search({ onsubmit,
      placeholder: 'Request id, host, path, visitor, endpoint, connection',
      oninput: text => { filter.text = text; redraw(); } },
      h('label', null, 'Outcome class',
        h('select', { oninput: event => {
          filter.outcome = event.currentTarget.value;
          redraw();
        } }, classes.map(one =>
          h('option', { value: one }, one || 'all')))),
      h('button', { type: 'submit' }, 'Look up by id')),
    card('Live', { note: plural(shown_live.length, 'exchange') },
      exchange_table(shown_live.slice(0, 100))),
    card('Last', { note: shown.length === finished.length
      ? plural(finished.length, 'exchange')
      : `${shown.length} of ${plural(finished.length, 'exchange')}` },
    exchange_table(shown.slice(0, rows)),
    shown.length > rows && h('p', { class: 'more' }, button(
      `Show ${shown.length - rows} more`,
      () => { rows = shown.length; redraw(); }))),
  ];
}

/** The node knows more exchanges than this list. */
function onsubmit() {
  const id = filter.text.trim();
  if (id) location.hash = link.exchange(id);
}

function matches(one) {
  if (filter.outcome && one.outcome_class !== filter.outcome) return false;
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const text = [one.request_id, one.id, one.method, one.host + one.path,
    one.visitor, one.tunnel, one.endpoint, one.transport, one.outcome,
    one.status, ...one.attempts.map(at => at.connection)]
    .join(' ').toLowerCase();
  return words.every(word => text.includes(word));
}

export const exchange_table = list => list.length === 0 ? empty('None.')
  : table('Exchanges', [
    ['Request', one => [h('a', { href: link.exchange(one.id) },
      h('b', null, one.method), ' ', target_of(one))], { clip: true }],
    ['State', one => badge(exchange_state(one)), { mark: true }],
    ['Status', one => one.status ?? '–', { n: true }],
    ['Endpoint', one => one.tunnel ? `${one.tunnel}.${one.endpoint}` : '–',
      { clip: true }],
    ['Transport', one => [transport(one.transport || undefined), one.moves > 0
      && ` (${plural(one.moves, 'move')})`]],
    ['Time', one => milliseconds(one.duration_ms), { n: true }],
    ['Down', one => bytes(one.bytes_down), { n: true }],
    ['Started', one => h('span', { class: 'mono' }, clock(one.started_ms))],
    ['Request id', one => h('span', { class: 'mono small' }, one.request_id),
      { clip: true }],
  ], list, one => one.id);
