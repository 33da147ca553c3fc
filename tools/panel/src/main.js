// The frame of the page: navigation, the node's pulse, and the view that the
// address names.
import { token } from './api.js';
import { h, render } from './dom.js';
import { duration } from './format.js';
import { badge } from './parts.js';
import { retry, run, state, want, watch } from './store.js';
import { connection } from './views/connection.js';
import { endpoint } from './views/endpoint.js';
import { events } from './views/events.js';
import { exchange } from './views/exchange.js';
import { exchanges } from './views/exchanges.js';
import { explain } from './views/explain.js';
import { fallback, fallback_wants } from './views/fallback.js';
import { mappings, mappings_want } from './views/mappings.js';
import { node } from './views/node.js';
import { overview, overview_wants } from './views/overview.js';
import { tunnels, tunnels_want } from './views/tunnels.js';

const pages = [['', 'Overview'], ['tunnels', 'Tunnels'],
  ['mappings', 'Mappings'],
  ['fallback', 'Fallback'], ['exchanges', 'Exchanges'], ['events', 'Events'],
  ['explain', 'Explain'], ['node', 'Node']];
const belongs_to = { endpoints: 'tunnels', connections: 'tunnels' };

/** The view of an address, e.g. #/endpoints/tunnel1/app1. */
function view([page, ...names]) {
  switch (page) {
    case '': return overview(redraw);
    case 'tunnels': return tunnels(redraw);
    case 'mappings': return mappings(redraw);
    case 'endpoints': return endpoint(names[0] ?? '', names[1] ?? '');
    case 'connections': return connection(names[0] ?? '');
    case 'fallback': return fallback(redraw);
    case 'exchanges': return names.length
      ? exchange(names[0], redraw) : exchanges(redraw);
    case 'events': return events(redraw);
    case 'explain': return explain(redraw);
    case 'node': return node(redraw);
    default: return h('p', { class: 'empty' }, 'There is no such page.');
  }
}

const route = () => location.hash.replace(/^#\/?/, '').split('/').map(part => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
});

const root = document.createElement('div');
document.body.append(root);
document.body.prepend(Object.assign(document.createElement('a'),
  { className: 'skip', href: '#main', textContent: 'Skip to the content',
    onclick: event => { event.preventDefault(); focus_content(); } }));

/** What a view shows, and so wants to be asked for. */
function wanted_by([page, first, second]) {
  switch (page) {
    case '': return overview_wants();
    case 'tunnels': return tunnels_want();
    case 'mappings': return mappings_want();
    case 'fallback': return fallback_wants();
    case 'endpoints':
      return { stats: { tunnel: first, endpoint: second } };
    case 'connections': return { connection: first };
    default: return {};
  }
}

function draw() {
  const at = route();
  want(wanted_by(at));
  const locked = state.phase === 'locked';
  root.className = state.phase === 'gone' ? 'stale' : '';
  render(root, [
    h('header', { class: 'top', key: 'top' },
      h('span', { class: 'brand' }, mark(), 'APS'),
      !locked && navigation(belongs_to[at[0]] ?? at[0]),
      h('span', { class: 'pulse' }, badge(pulse()))),
    h('div', { role: 'alert', key: 'gone' }, state.phase === 'gone' && gone()),
    h('main', { id: 'main', tabindex: -1,
                key: locked ? 'locked' : `view ${at.join('/')}` },
      locked ? sign_in() : state.node ? view(at) : waiting()),
  ]);
  const name = pages.find(([page]) =>
    page === (belongs_to[at[0]] ?? at[0]))?.[1];
  const thing = at.slice(1).filter(Boolean).join('.');
  document.title = [thing, name, `APS ${location.host}`].filter(Boolean)
    .join(' · ');
}

const mark = () => h('svg', { class: 'mark', viewBox: '0 0 32 32',
                              'aria-hidden': 'true' },
  h('rect', { width: 32, height: 32, rx: 7, fill: 'currentColor' }),
  h('path', { d: 'M7 22V16a9 9 0 0 1 18 0v6', fill: 'none',
    stroke: 'var(--card)', 'stroke-width': 3, 'stroke-linecap': 'round' }));

const navigation = current => h('nav', { 'aria-label': 'Views' },
  h('ul', { class: 'views' }, pages.map(([page, name]) =>
    h('li', { key: page }, h('a', { href: `#/${page}`,
      'aria-current': page === current ? 'page' : null }, name)))));

function pulse() {
  if (state.phase === 'live')
    return state.node?.draining ? { tone: 'warn', word: 'draining' }
      : { tone: 'ok', word: 'live' };
  if (state.phase === 'gone') return { tone: 'bad', word: 'node is gone' };
  if (state.phase === 'locked') return { tone: 'idle', word: 'locked' };
  return { tone: 'probing', word: 'connecting' };
}

/** Before the first answer nothing is known, so nothing is claimed. */
const waiting = () => [
  h('h1', { tabindex: -1 }, state.phase === 'gone' ? 'No answer yet'
    : 'Connecting'),
  h('p', { class: 'empty' }, `Asking the node at ${location.host}…`)];

const gone = () => h('div', { class: 'gone' },
  `The node at ${location.host} does not answer.`,
  h('span', null, `${state.problem} Since `
    + `${new Date(state.since).toLocaleTimeString()}; trying again every few `
    + `seconds.${state.node ? ' What is shown below is old.' : ''}`));

const sign_in = () => h('section', { class: 'card sign-in' },
  h('header', null, h('h1', { tabindex: -1 }, 'Admin token')),
  h('form', { class: 'body', onsubmit: event => {
    event.preventDefault();
    token.set(new FormData(event.currentTarget).get('token').trim());
    retry();
  } },
  h('p', null, 'This node wants the token of its configuration (admin.token). '
    + 'It is kept until this tab is closed.'),
  h('label', { class: 'field' }, 'Token', h('input', { name: 'token',
    type: 'password', required: true, autocomplete: 'current-password' })),
  state.problem && h('p', { class: 'problem', role: 'alert' }, state.problem),
  h('div', { class: 'actions' },
    h('button', { type: 'submit', class: 'primary' }, 'Continue'))));

let planned = false;
/** Draws at the next frame, however often it is called before. */
function redraw() {
  if (planned) return;
  planned = true;
  requestAnimationFrame(() => {
    planned = false;
    draw();
  });
}

// What the user does is drawn at once, news too, but only a few times a second.
const news_ms = 200;
let news = null;
let last_news = -news_ms;
watch(() => {
  news ??= setTimeout(() => {
    news = null;
    last_news = performance.now();
    redraw();
  }, Math.max(0, last_news + news_ms - performance.now()));
});

function focus_content() {
  const target = document.querySelector('main h1') ?? document.querySelector('main');
  target?.focus();
}

addEventListener('hashchange', () => {
  draw();
  scrollTo(0, 0);
  document.querySelector('.views [aria-current]')
    ?.scrollIntoView({ block: 'nearest', inline: 'center' });
  focus_content();
});
draw();
run();
