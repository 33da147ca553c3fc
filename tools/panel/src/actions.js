// What changes the node: always asked for first, always answered for.
import { post } from './api.js';
import { h, render } from './dom.js';
import { retry } from './store.js';
import { button } from './parts.js';

const path = encodeURIComponent;

const notes = document.createElement('div');
notes.className = 'notes';
notes.setAttribute('role', 'status');
document.body.append(notes);

/** Shows a short note for some seconds and has it read out. */
export function note(text, bad = false) {
  const box = document.createElement('div');
  box.className = bad ? 'note-box bad' : 'note-box';
  box.textContent = text;
  notes.append(box);
  setTimeout(() => box.remove(), bad ? 12_000 : 6000);
}

/** Asks in a dialog, then does it. `fields` are {name, label, options} or
 *  {name, label, type, ...}; run(values) does it and returns what to say. */
function ask({ title, text, confirm, danger, fields = [], run }) {
  const dialog = document.createElement('dialog');
  dialog.setAttribute('aria-label', title);
  document.body.append(dialog);
  dialog.addEventListener('close', () => dialog.remove());
  const draw = problem => render(dialog, h('form', { method: 'dialog', onsubmit },
    h('h2', null, title), h('p', null, text), fields.map(control),
    problem && h('p', { class: 'problem', role: 'alert' }, problem),
    h('div', { class: 'actions' },
      button('Cancel', () => dialog.close()),
      h('button', { class: `primary${danger ? ' danger' : ''}` }, confirm))));
  async function onsubmit(event) {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.currentTarget));
    const send = dialog.querySelector('button.primary');
    send.disabled = true;
    try {
      note(await run(values));
      dialog.close();
    } catch (error) {
      send.disabled = false;
      if (error.status === 401) { dialog.close(); retry(); }
      else draw(error.message);
    }
  }
  draw();
  dialog.showModal();
}

function control({ name, label, options, value, ...attributes }) {
  return h('label', { class: 'field' }, label, options
    ? h('select', { name }, options.map(([key, text]) =>
      h('option', { value: key, selected: key === value }, text)))
    : h('input', { name, value, ...attributes }));
}

const done = answer => `${answer.action}: ${answer.target}`
  + (answer.count > 1 ? ` (${answer.count} connections)` : '');

// What each action does to the thing that it is about.
const effects = {
  drain: name => `${name} gets no new exchanges until it is undrained, also after a reconnect; the running ones end in peace.`,
  undrain: name => `${name} gets new exchanges again.`,
  reconnect: name => `${name} is closed when the running exchanges have ended; its agent dials anew.`,
  close: name => `${name} is closed now; running exchanges move to other connections, if there are any.`,
};

const on = (kind, url, name, verb) => {
  const label = verb[0].toUpperCase() + verb.slice(1);
  const danger = verb === 'close';
  return button(`${label}…`, () => ask({
    title: `${label} ${kind}?`,
    text: effects[verb](name),
    confirm: label, danger,
    run: async () => done(await post(`${url}/${verb}`)),
  }), danger ? { key: verb, class: 'danger' } : { key: verb });
};

const actions_on = (kind, url, name, verbs) =>
  verbs.map(verb => on(kind, url, name, verb));

const rotation = ['drain', 'undrain', 'reconnect', 'close'];

export const connection_actions = name => [
  ...actions_on('connection', `connections/${path(name)}`, name,
    ['reconnect', 'close']),
  button('Inject fault…', () => ask({
    title: 'Inject a fault?',
    text: `For rehearsals: ${name} misbehaves as if its network did. Visitors should not notice.`,
    confirm: 'Inject', danger: true,
    fields: [
      { name: 'kind', label: 'Fault', options: [
        ['cut', 'Cut: drop it without a goodbye'],
        ['stall', 'Stall: ignore what arrives for some time'],
        ['delay', 'Delay: hold back what arrives']] },
      { name: 'seconds', label: 'Seconds (stall and delay)', type: 'number',
        min: 0, max: 3600, step: 'any', value: 5 }],
    run: async ({ kind, seconds }) => done(await post(
      `connections/${path(name)}/fault`,
      kind === 'cut' ? { kind } : { kind, seconds: Number(seconds) })),
  }), { key: 'fault', class: 'danger' })];

export const session_actions = id =>
  actions_on('session', `sessions/${path(id)}`, `session ${id}`, rotation);

export const endpoint_actions = (tunnel, name) => actions_on('endpoint',
  `endpoints/${path(tunnel)}/${path(name)}`, `${tunnel}.${name}`, rotation);

const modes = [['auto', 'Automatic: the state decides'],
  ['grpc', 'gRPC only'], ['websocket', 'WebSocket only']];

export const fallback_action = (tunnel, mode) =>
  button('Fallback mode…', () => ask({
    title: 'Change the fallback mode?',
    text: `Which transport all endpoints of ${tunnel} use from now on.`,
    confirm: 'Change',
    fields: [{ name: 'mode', label: 'Mode', options: modes, value: mode }],
    run: async values => done(await post(`tunnels/${path(tunnel)}/fallback`,
      values)),
  }));

const levels = ['trace', 'debug', 'info', 'warning', 'error', 'off'];

export const log_action = ({ level, known }, changed) =>
  button('Change log level…', () => ask({
    title: 'Change the log level?', text: 'Until the next start of the node.',
    confirm: 'Change',
    fields: [
      { name: 'component', label: 'Component',
        options: ['', ...known].map(one => [one, one || 'all (the general level)']) },
      { name: 'level', label: 'Level', value: level,
        options: levels.map(one => [one, one]) }],
    run: async ({ component, level }) => {
      changed(await post('log', component ? { level, component } : { level }));
      return `Log level of ${component || 'the node'}: ${level}`;
    },
  }));
