// Which mapping serves which host, and whether somebody is there to do it.
import { h } from '../dom.js';
import { clock, count, plural } from '../format.js';
import { more, rows_of } from '../lists.js';
import { badge, card, empty, heading, link, search, table } from '../parts.js';
import { mapping_extras, mapping_state } from '../states.js';
import { state } from '../store.js';

const filter = { text: '' };

export const mappings_want = () => ({ mappings: { search: filter.text.trim(),
  limit: rows_of('mappings') } });

export function mappings(redraw) {
  const { count: all, matching, mappings: shown }
    = state.mappings ?? { count: 0, matching: 0 };
  return [
    ...heading('Mappings', { actions:
      h('a', { class: 'button', href: '#/explain' }, 'Explain a URL') }),
    search({ label: 'Who serves it?',
      placeholder: 'Host, path, target, tunnel or endpoint',
      oninput: text => { filter.text = text; redraw(); } }),
    card('Mappings', { note: matching === all
      ? `${plural(all, 'mapping')}: those of the file in its order, then what `
        + 'agents publish'
      : `${count(matching)} of ${plural(all, 'mapping')}` },
    !shown ? empty('Asking the node…')
      : shown.length === 0 ? empty(all === 0
        ? 'The configuration has none, so every visitor gets 404.'
        : 'No mapping has this in it. "Explain a URL" tells which one a '
          + 'request would take.')
        : table('Mappings', columns, shown, key_of),
    more('mappings', matching, redraw)),
  ];
}

const target_of = to => typeof to === 'string' ? to
  : to ? `the node's own answer (${to.status})` : 'what the visitor names';

const key_of = one => one.index === null ? one.from : String(one.index);

const publisher = by => [h('a', { href: link.endpoint(by.tunnel, by.endpoint) },
  `${by.tunnel}.${by.endpoint}`), by.credential && ` (${by.credential})`,
` since ${clock(by.since_ms)}`];

const columns = [
  ['From', one => h('span', { class: 'mono' }, one.from)],
  ['State', one => badge(mapping_state(one)), { mark: true }],
  ['To', one => h('span', { class: 'mono' }, target_of(one.to))],
  ['Through', one => one.via ? h('span', null, one.via.tunnels.map((name, i) =>
    [i > 0 && ', ', (one.via.endpoints ?? []).length === 0 ? name
      : one.via.endpoints.map((endpoint, j) => [j > 0 && ', ',
        h('a', { href: link.endpoint(name, endpoint) },
          `${name}.${endpoint}`)])])) : 'the node itself'],
  ['Balance', one => one.via?.balance ?? '–'],
  ['Also', one => mapping_extras(one).join('; ') || '–'],
  ['Published by', one => one.published ? publisher(one.published) : '–'],
];
