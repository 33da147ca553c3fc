// Pieces that several views use.
import { h } from './dom.js';

const shapes = {
  ok: () => h('circle', { cx: 6, cy: 6, r: 5, fill: 'currentColor' }),
  warn: () => h('path', { d: 'M6 .8 11.600 11H.4Z', fill: 'currentColor' }),
  bad: () => h('path', { d: 'M2 2l8 8M10 2l-8 8', fill: 'none',
    stroke: 'currentColor', 'stroke-width': 2.6, 'stroke-linecap': 'round' }),
  idle: () => h('circle', { cx: 6, cy: 6, r: 4.2, fill: 'none',
    stroke: 'currentColor', 'stroke-width': 1.8 }),
  probing: () => h('g', null, h('circle', { cx: 6, cy: 6, r: 4.2,
    fill: 'none', stroke: 'currentColor', 'stroke-width': 1.8 }),
  h('path', { d: 'M6 1v10a5 5 0 0 0 0-10Z', fill: 'currentColor' })),
};

export const icon = tone => h('svg', { viewBox: '0 0 12 12',
  'aria-hidden': 'true', key: tone }, (shapes[tone] ?? shapes.idle)());

export const badge = ({ tone, word }) =>
  h('span', { class: `state ${tone}` }, icon(tone), word);

export const card = (title, { actions, id, note } = {}, ...content) =>
  h('section', { class: 'card', key: id ?? title, 'aria-label': title },
    h('header', null, h('h2', null, title),
      note && h('span', { class: 'quiet small' }, note),
      actions && h('div', { class: 'actions' }, actions)),
    ...content);

export const empty = text => h('p', { class: 'empty' }, text);

/** The heading of a view; `crumbs` are [text, link] pairs. */
export const heading = (title, { crumbs = [], state, actions } = {}) => [
  crumbs.length > 0 && h('nav', { class: 'crumbs', 'aria-label': 'Path' },
    crumbs.map(([text, link], i) => [i > 0 && '›', h('a', { href: link }, text)])),
  h('div', { class: 'title', key: 'title' },
    h('h1', { tabindex: -1 }, title), state && badge(state),
    actions && h('div', { class: 'actions' }, actions))];

export const facts = (...pairs) => h('dl', { class: 'facts' },
  pairs.filter(Boolean).map(([name, value]) =>
    [h('dt', null, name), h('dd', null, value)]));

export const figure = (name, value, { note, bad } = {}) =>
  h('div', { class: `figure${bad ? ' bad' : ''}` }, h('dt', null, name),
    h('dd', null, value), note && h('dd', { class: 'note' }, note));

/** A table; columns are [heading, cell(row), {n, lead, clip, mark,
 *  bare}]. On narrow screens each row becomes a block: the first cell and the
 *  `mark` side by side, then the others, with their headings if not `bare`. */
export function table(label, columns, rows, key) {
  const style = ({ n, clip, lead, mark } = {}) =>
    [n && 'n', clip && 'clip', lead && 'lead', mark && 'mark']
      .filter(Boolean).join(' ') || null;
  return h('div', { class: 'scroll' },
    h('table', { class: 'stack' },
      h('caption', { class: 'hidden-text' }, label),
      h('thead', null, h('tr', null, columns.map(([name, , how]) =>
        h('th', { scope: 'col', class: how?.n ? 'n' : null }, name)))),
      h('tbody', null, rows.map(row => h('tr', { key: key(row) },
        columns.map(([name, cell, how], i) => i === 0
          ? h('th', { scope: 'row', class: style({ lead: true, ...how }) },
            cell(row))
          : h('td', { class: style(how),
            'data-label': how?.mark || how?.bare ? null : name }, cell(row))))))));
}

/** A field to search by, what else narrows the list beside it. */
export const search = ({ label = 'Search', placeholder, oninput, onsubmit },
  ...more) => h('form', { class: 'tools', key: 'tools', role: 'search',
  onsubmit: event => { event.preventDefault(); onsubmit?.(); } },
h('label', { class: 'wide' }, label,
  h('input', { type: 'search', autocomplete: 'off', spellcheck: 'false',
    placeholder, oninput: event => oninput(event.currentTarget.value) })),
...more);

export const button = (text, onclick, more = {}) =>
  h('button', { type: 'button', onclick, ...more }, text);

/** A bar that is full at 1. */
export const bar = (share, tone = '') => h('span', { class: `bar ${tone}` },
  h('span', { style: { width: `${Math.max(0, Math.min(1, share)) * 100}%` } }));

/** Name and value of what an event or attempt carries, without the empty. */
export const pairs = list => h('span', { class: 'pairs' },
  list.filter(([, value]) => value !== '' && value !== undefined
    && value !== null).map(([name, value]) =>
    h('span', null, h('b', null, name), ' ', value)));

/** A long id, cut where there is no room; the whole is in its title. */
export const short_id = (id, href) => h('a', { class: 'mono short-id', href,
  title: id }, id);

export const link = {
  endpoint: (tunnel, name) =>
    `#/endpoints/${encodeURIComponent(tunnel)}/${encodeURIComponent(name)}`,
  connection: name => `#/connections/${encodeURIComponent(name)}`,
  exchange: id => `#/exchanges/${encodeURIComponent(id)}`,
};
