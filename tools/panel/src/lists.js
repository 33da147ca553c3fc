// Long lists: the first rows, and the rest by and by, so that a page of a node
// with thousands of endpoints stays as quick as any.
import { h } from './dom.js';
import { count } from './format.js';
import { button } from './parts.js';

export const first_rows = 20;
const more_rows = 200;
const shown = new Map(); // name of a list -> rows that were asked for

/** How many rows of the list `name` are on the page; `first` at first. */
export const rows_of = (name, first = first_rows) => shown.get(name) ?? first;

/** The rows of `all` that are shown. */
export const rows = (name, all, first) => all.slice(0, rows_of(name, first));

/** The first rows of each of several lists on a page; few while their number
 *  is not known. */
export const first_of = lists =>
  lists === 0 ? 3 : Math.max(3, Math.floor(first_rows / lists));

/** Endpoints of the tunnels of which more than the `first` were asked for, as
 *  `want` takes them; `name_of` a tunnel is its list. */
export const longer_lists = (tunnels, name_of, first, more = {}) => tunnels
  .filter(({ name }) => rows_of(name_of(name), first) > first)
  .map(({ name }) => ({ tunnel: name, connections: 0,
    limit: rows_of(name_of(name), first), ...more }));

/** A button for more of them; null when all are there. `total` is how many
 *  there are, `wrap` the element around the button. */
export function more(name, total, redraw, { wrap = 'p', first } = {}) {
  const rest = total - rows_of(name, first);
  if (rest <= 0) return null;
  const step = Math.min(rest, more_rows);
  return h(wrap, { class: 'more', key: 'more' }, button(
    step < rest ? `${count(step)} of ${count(rest)} more`
      : `${count(rest)} more`, () => {
      shown.set(name, rows_of(name, first) + step);
      redraw();
    }));
}

const order = ['bad', 'warn', 'probing', 'ok', 'idle'];

/** What needs somebody comes first, and what needs nobody keeps its order. */
export const worst_first = (all, tone_of) => all
  .map((one, i) => [order.indexOf(tone_of(one)), i, one])
  .sort((x, y) => x[0] - y[0] || x[1] - y[1])
  .map(([, , one]) => one);

/** Whether one of the texts has all words of `filter` in it. */
export function has_words(filter, ...texts) {
  const text = texts.join('\n').toLowerCase();
  return filter.toLowerCase().split(/\s+/).every(word => text.includes(word));
}
