import { h } from '../dom.js';
import { clock, count, transport, words } from '../format.js';
import { button, card, empty, heading, icon, link, pairs, search,
  short_id }
  from '../parts.js';
import { event_tone } from '../states.js';
import { state, want_requests } from '../store.js';

const shown_at_most = 300;
const most_choices = 100; // of a list to choose from; beyond, a name is typed
const filter = { text: '', group: '', tunnel: '', severity: '' };
let paused = null; // The events as they were when it was pressed.

const groups = ['tunnel', 'endpoint', 'session', 'connection', 'pool',
  'fallback', 'exchange', 'auth', 'admin', 'node', 'config', 'log', 'fault',
  'actor'];

export function events(redraw) {
  const all = paused ?? state.events;
  const list = all.filter(matches).slice(-shown_at_most).reverse();
  const later = paused ? state.events.length && newer(paused) : 0;
  const toggle = () => {
    paused = paused ? null : [...state.events];
    redraw();
  };
  return [
    ...heading('Events', { actions: [
      button(paused ? 'Continue' : 'Pause', toggle,
        { 'aria-pressed': String(paused !== null), key: 'pause' }),
      button('With single requests', () => want_requests(!state.requests),
        { 'aria-pressed': String(state.requests), key: 'requests' })] }),
    search({ placeholder: 'Any text of an event',
      oninput: text => { filter.text = text; redraw(); } },
      choice('About', 'group', groups, redraw),
      choice('Tunnel', 'tunnel', state.tunnels.map(one => one.name), redraw),
      choice('Severity', 'severity', ['debug', 'info', 'warning'], redraw)),
    card('Log', { id: 'log', note: [
      `${count(list.length)} of ${count(all.length)}`,
      state.missed > 0 && `, ${count(state.missed)} not remembered or missed`,
      paused && `, paused; ${count(later)} newer`].filter(Boolean).join('') },
    list.length === 0 ? empty('No event matches.')
      : h('ol', { class: 'log', role: 'log', tabindex: 0,
                  'aria-live': paused ? 'off' : 'polite',
                  'aria-relevant': 'additions', 'aria-label': 'Events' },
        list.map(event_line))),
  ];
}

function newer(old) {
  const last = old.at(-1)?.key;
  const at = state.events.findLastIndex(one => one.key === last);
  return state.events.length - 1 - at;
}

const choice = (label, name, values, redraw) => h('label', null, label,
  values.length > most_choices
    ? h('input', { name, autocomplete: 'off', oninput: set(name, redraw) })
    : h('select', { name, oninput: set(name, redraw) }, h('option', { value: '' }, 'all'),
    values.map(one => h('option', { value: one, key: one }, words(one)))));

const set = (name, redraw) => event => {
  filter[name] = event.currentTarget.value;
  redraw();
};

function matches(event) {
  if (filter.group && !event.kind.startsWith(`${filter.group}-`)) return false;
  if (filter.tunnel && event.tunnel !== filter.tunnel) return false;
  if (filter.severity && event.severity !== filter.severity) return false;
  const wanted = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return true;
  const text = Object.values(event).join(' ').toLowerCase();
  return wanted.every(word => text.includes(word));
}

export function event_line(event) {
  const tone = event_tone(event);
  const place = event.endpoint ? `${event.tunnel}.${event.endpoint}`
    : event.tunnel;
  return h('li', { key: event.key },
    h('time', { datetime: new Date(event.time_ms).toISOString() },
      clock(event.time_ms)),
    h('span', { class: `what ${tone}` }, icon(tone),
      event.kind.replaceAll('-', ' ')),
    h('span', { class: 'details' }, pairs([
      ['', place && (event.endpoint ? h('a', {
        href: link.endpoint(event.tunnel, event.endpoint) }, place) : place)],
      ['', event.connection && h('a', { class: 'mono',
        href: link.connection(event.connection) }, event.connection)],
      ['over', event.transport && !event.connection
        && transport(event.transport)],
      // Of a state the detail tells the same and more, and often elsewhere.
      ['', !['none', ''].includes(event.reason)
        && event.kind !== 'fallback-state'
        && !event.detail.includes(event.reason) && event.reason],
      ['', event.detail],
      ['request', event.request_id
        && short_id(event.request_id, link.exchange(event.request_id))]].map(([name, value]) => [name, value || '']))));
}
