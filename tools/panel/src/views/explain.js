// Which mapping would win for a URL and who could serve it; sends nothing.
import { get } from '../api.js';
import { h } from '../dom.js';
import { count, transport } from '../format.js';
import { badge, card, empty, facts, heading, link, table } from '../parts.js';

const asked = { url: '', method: 'GET', answer: null, problem: '', busy: false };
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

export function explain(redraw) {
  return [
    ...heading('Explain'),
    card('Which mapping would win?', { note: 'nothing is sent' },
      h('form', { class: 'body tools', onsubmit: event => submit(event, redraw) },
        h('label', { class: 'wide' }, 'URL as a visitor would ask for it, or tcp://:22, udp://:53, '
          + 'tls://name:443, connect://host:port',
          h('input', { name: 'url', required: true, autocomplete: 'off',
            spellcheck: 'false', placeholder: 'http://example.com/api/users' })),
        h('label', null, 'Method', h('select', { name: 'method' },
          methods.map(one => h('option', { value: one }, one)))),
        h('label', null, 'User', h('input', { name: 'user', autocomplete: 'off',
          spellcheck: 'false', placeholder: 'nobody' })),
        h('label', null, 'From', h('input', { name: 'from', autocomplete: 'off',
          spellcheck: 'false', placeholder: 'any address' })),
        h('label', null, 'Certificate', h('input', { name: 'certificate',
          autocomplete: 'off', spellcheck: 'false', placeholder: 'none' })),
        h('label', null, 'Server', h('input', { name: 'server',
          autocomplete: 'off', spellcheck: 'false', placeholder: 'by the port' })),
        h('label', null, 'Page', h('input', { name: 'origin', autocomplete: 'off',
          spellcheck: 'false', placeholder: 'none: no WebSocket' })),
        h('button', { type: 'submit', class: 'primary', disabled: asked.busy },
          'Explain'))),
    h('div', { 'aria-live': 'polite', class: 'answer', key: 'answer' },
      asked.problem && h('p', { class: 'card empty' }, asked.problem),
      asked.answer && answer(asked.answer)),
  ];
}

async function submit(event, redraw) {
  event.preventDefault();
  const { url, method, ...who }
    = Object.fromEntries(new FormData(event.currentTarget));
  Object.assign(asked, { url, method, busy: true, problem: '' });
  redraw();
  try {
    asked.answer = await get(`explain?url=${encodeURIComponent(url)}`
      + `&method=${encodeURIComponent(method)}`
      + Object.entries(who).map(([name, value]) =>
        value && `&${name}=${encodeURIComponent(value)}`).join(''));
  } catch (error) {
    asked.answer = null;
    asked.problem = error.message;
  }
  asked.busy = false;
  redraw();
}

const answer = one => [
  card('Answer', {}, h('div', { class: 'body' }, facts(
    ['Result', badge(one.outcome === 'ok' ? { tone: 'ok', word: one.status
      ? `would be sent to https (${one.status})` : 'would be sent' }
      : { tone: 'bad', word: `${one.status || 'cut off:'} ${one.outcome}` })],
    ['Summary', one.summary],
    one.access.reason && [one.access.outcome === 'ok' ? 'Let in by' : 'Refused by',
      one.access.reason],
    ['Mapping', one.mapping ? `${one.mapping.index === null ? one.mapping.from
      : `mappings[${one.mapping.index}]`}, ${one.mapping.why}` : 'none'],
    ['Target', one.target || '–'],
    ['Balance', one.direct ? 'none: the node calls the target itself'
      : one.balance || '–']))),
  card('Mappings', { note: 'in the order of the file' },
    one.candidates.length === 0 ? empty('There is none.')
      : table('Mappings', [
        ['From', at => at.from], ['To', at => at.to],
        ['Matches', at => badge(at.wins ? { tone: 'ok', word: 'wins' }
          : at.matches ? { tone: 'probing', word: 'matches too' }
            : { tone: 'idle', word: 'no match' }), { mark: true }],
        ['Why', at => at.why],
      ], one.candidates, at => String(at.index ?? at.from))),
  ...one.tunnels.map(tunnel => card(`Tunnel ${tunnel.name}`, {
    note: tunnel.enabled ? '' : 'switched off' },
  tunnel.endpoints.length === 0 ? empty('No endpoint.') : table('Endpoints', [
    ['Endpoint', at => h('a', { href: link.endpoint(tunnel.name, at.name) },
      at.name)],
    ['State', at => badge(at.could_serve
      ? { tone: 'ok', word: 'can serve' } : { tone: 'bad', word: 'cannot serve' }),
      { mark: true }],
    ['Why', at => at.why],
    ['Transport', at => at.transport
      ? `${transport(at.transport)}: ${at.transport_why}` : at.transport_why],
    ['Connections', at => count(at.live_connections), { n: true }],
    ['In flight', at => count(at.in_flight), { n: true }],
  ], tunnel.endpoints, at => at.name))),
];
