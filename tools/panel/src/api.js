// The node's JSON API. URLs are relative to /.admin/, the page's own place.

const token_key = 'aps-admin-token';

export class api_error extends Error {
  /** `status` is 0 when the node did not answer at all. */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const token = {
  get: () => sessionStorage.getItem(token_key) ?? '',
  set: value => sessionStorage.setItem(token_key, value),
  clear: () => sessionStorage.removeItem(token_key),
};

function headers(more) {
  const value = token.get();
  return value ? { ...more, authorization: `Bearer ${value}` } : { ...more };
}

async function ask(path, options = {}, seconds = 30) {
  let response;
  try {
    response = await fetch(`../.api/${path}`, {
      cache: 'no-store', signal: AbortSignal.timeout(seconds * 1000),
      ...options, headers: headers(options.headers),
    });
  } catch {
    throw new api_error(0, 'The node does not answer.');
  }
  if (response.status === 304) return { response, body: null };
  const text = await response.text().catch(() => '');
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    // The error below shows it as it is.
  }
  if (!response.ok)
    throw new api_error(response.status, problem(body) ?? (text.slice(0, 300)
      || `The node answers ${response.status}.`));
  return { response, body };
}

function problem(body) {
  const found = body?.detail ?? body?.message ?? body?.error?.message
    ?? body?.error;
  return typeof found === 'string' ? found : null;
}

export const get = async path => (await ask(path)).body;

export const post = async (path, body) => (await ask(path, {
  method: 'POST', body: JSON.stringify(body ?? {}),
  headers: { 'content-type': 'application/json' },
})).body;

const known = new Map(); // slot -> {path, tag} of its last answer

/** The answer for `slot`, asked for again and again; null when it is as
 *  before. */
export async function get_news(slot, path) {
  const before = known.get(slot);
  const { response, body } = await ask(path, { headers:
    before?.path === path ? { 'if-none-match': before.tag } : {} });
  if (body) known.set(slot, { path, tag: response.headers.get('etag') ?? '' });
  return body;
}

/** The next answers come whole. */
export const forget = () => known.clear();

/** Yields server-sent events as {id, type, data}; ends with the stream, and
 *  throws api_error. EventSource would do, but cannot send the token. */
export async function* server_sent_events(path, { last_id, signal }) {
  let response;
  try {
    response = await fetch(`../.api/${path}`, {
      cache: 'no-store', signal,
      headers: headers({ accept: 'text/event-stream',
        ...(last_id ? { 'last-event-id': last_id } : {}) }),
    });
  } catch {
    throw new api_error(0, 'The node does not answer.');
  }
  if (!response.ok)
    throw new api_error(response.status, `The node answers ${response.status}.`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const parser = new event_parser();
  for (;;) {
    const { value, done } = await reader.read().catch(() => ({ done: true }));
    if (done) return;
    yield* parser.feed(value);
  }
}

/** The text/event-stream format (HTML, 9.2.6), fed in pieces of any size. */
export class event_parser {
  #rest = []; // of a line that has not ended
  #event = { id: undefined, type: 'message', data: [] };

  *feed(text) {
    // A line of megabytes comes in hundreds of pieces.
    if (!/[\r\n]/.test(text) && !this.#rest.at(-1)?.endsWith('\r')) {
      this.#rest.push(text);
      return;
    }
    const lines = (this.#rest.join('') + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = [lines.pop()];
    for (const line of lines) {
      if (line !== '') {
        this.#field(line);
        continue;
      }
      const { id, type, data } = this.#event;
      this.#event = { id, type: 'message', data: [] };
      if (data.length) yield { id, type, data: data.join('\n') };
      else yield { id, type: 'tick', data: '' };
    }
  }

  #field(line) {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') this.#event.data.push(value);
    else if (name === 'event') this.#event.type = value;
    else if (name === 'id') this.#event.id = value;
  }
}
