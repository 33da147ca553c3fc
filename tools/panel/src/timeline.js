// The history of an endpoint's fallback state, from events and the snapshot.

const states = new Set(['primary', 'fallback', 'probing']);

/** Segments {state, from, to, cause} from old to new; the last one is open
 *  (`to` is now). `events` are in order; times are milliseconds. An endpoint
 *  begins as primary, at `begin` (null: that is not remembered). */
export function segments(events, tunnel, endpoint, now, begin = null) {
  const changes = events
    .filter(one => one.kind === 'fallback-state' && one.tunnel === tunnel
      && one.endpoint === endpoint.name && states.has(one.reason))
    .map(one => ({ state: one.reason, from: one.time_ms,
                   cause: cause_of(one.detail) }));
  const { state, since_seconds, reason } = endpoint.fallback;
  const since = now - since_seconds * 1000;
  const last = changes.at(-1);
  if (!last || (last.state !== state && since > last.from))
    changes.push({ state, from: since, cause: reason });
  if (begin !== null && begin < changes[0].from)
    changes.unshift({ state: 'primary', from: begin, cause: 'start' });
  return changes
    .filter((one, i) => i === 0 || one.state !== changes[i - 1].state)
    .map((one, i, all) => ({ ...one, to: all[i + 1]?.from ?? now }));
}

/** "primary -> fallback (why)" without what the states tell themselves. */
const cause_of = detail => /^\w+ -> \w+ \((.*)\)$/s.exec(detail)?.[1] ?? detail;

/** When the endpoint began, if the events since the start are remembered (but
 *  for the very first, which the stream does not repeat). */
export function begin_of(events, tunnel, name) {
  if (!(events[0]?.serial <= 2)) return null;
  return events.find(one => one.tunnel === tunnel && one.endpoint === name)
    ?.time_ms ?? null;
}

/** What of the segments lies in [from, to], as shares of 1. */
export function window_of(all, from, to) {
  return all.filter(one => one.to > from && one.from < to).map(one => {
    const begin = Math.max(one.from, from);
    return { ...one, left: (begin - from) / (to - from),
             width: (Math.min(one.to, to) - begin) / (to - from) };
  });
}
