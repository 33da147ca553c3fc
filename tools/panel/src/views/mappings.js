// Which mapping serves which host, and whether somebody is there to do it.
import { get } from '../api.js';
import { h } from '../dom.js';
import { count, plural } from '../format.js';
import { has_words, more, rows } from '../lists.js';
import { badge, card, empty, heading, link, search, table } from '../parts.js';
import { mapping_state } from '../states.js';
import { state } from '../store.js';

const known = { node: '', mappings: null, problem: '', asking: false };
const filter = { text: '' };

export function mappings(redraw) {
  // They change with the node's process only.
  if (state.node && known.node !== state.node.id && !known.asking)
    ask(redraw);
  const all = known.mappings ?? [];
  const found = all.filter(one => has_words(filter.text, one.from, one.to,
    ...(one.via?.tunnels ?? []), ...(one.via?.endpoints ?? [])));
  return [
    ...heading('Mappings', { actions:
      h('a', { class: 'button', href: '#/explain' }, 'Explain a URL') }),
    search({ label: 'Who serves it?',
      placeholder: 'Host, path, target, tunnel or endpoint',
      oninput: text => { filter.text = text; redraw(); } }),
    card('Mappings', { note: found.length === all.length
      ? `${plural(all.length, 'mapping')}, in the order of the file`
      : `${count(found.length)} of ${plural(all.length, 'mapping')}` },
    known.problem ? empty(known.problem)
      : known.mappings === null ? empty('Asking the node…')
        : found.length === 0 ? empty(all.length === 0
          ? 'The configuration has none, so every visitor gets 404.'
          : 'No mapping has this in it. "Explain a URL" tells which one a '
            + 'request would take.')
          : table('Mappings', columns, rows('mappings', found),
            one => String(one.index)),
    more('mappings', found, redraw)),
  ];
}

async function ask(redraw) {
  known.asking = true;
  try {
    const { config } = await get('config');
    known.mappings = config.mappings.map((one, index) => ({ ...one, index }));
    known.problem = '';
    known.node = state.node.id;
  } catch (error) {
    known.problem = error.message;
    known.node = state.node?.id ?? '';
  }
  known.asking = false;
  redraw();
}

const columns = [
  ['From', one => h('span', { class: 'mono' }, one.from)],
  ['State', one => badge(mapping_state(one, state.tunnels)), { mark: true }],
  ['To', one => h('span', { class: 'mono' }, one.to)],
  ['Through', one => one.via ? h('span', null, one.via.tunnels.map((name, i) =>
    [i > 0 && ', ', (one.via.endpoints ?? []).length === 0 ? name
      : one.via.endpoints.map((endpoint, j) => [j > 0 && ', ',
        h('a', { href: link.endpoint(name, endpoint) },
          `${name}.${endpoint}`)])])) : 'the node itself'],
  ['Balance', one => one.via?.balance ?? '–'],
];
