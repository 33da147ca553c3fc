// Numbers, times and names as people read them.

export const none = '–';
const known = value => typeof value === 'number' && Number.isFinite(value);

export function count(value) {
  if (!known(value)) return none;
  if (value < 10_000) return Number.isInteger(value)
    ? value.toLocaleString('en') : value.toFixed(value < 100 ? 1 : 0);
  return short(value, 1000, ['', ' k', ' M', ' G', ' T']);
}

export function bytes(value) {
  if (!known(value)) return none;
  return short(value, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB']);
}

function short(value, base, units) {
  let unit = 0;
  while (Math.abs(value) >= base && unit < units.length - 1) {
    value /= base;
    ++unit;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toFixed(digits) + units[unit];
}

export function milliseconds(value) {
  if (!known(value)) return none;
  if (value === 0) return '0 ms';
  if (value >= 10_000) return duration(value / 1000);
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  return `${value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)} ms`;
}

export function duration(seconds) {
  if (!known(seconds)) return none;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const s = Math.round(seconds);
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400)
    return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s % 86400 / 3600)} h`;
}

/** A share of 1. */
export function percent(share) {
  if (!known(share)) return none;
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

export function number(value, digits = 2) {
  return known(value) ? value.toFixed(digits) : none;
}

/** Time of day with milliseconds. */
export function clock(ms) {
  if (!known(ms)) return none;
  const at = new Date(ms);
  const two = value => String(value).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:`
    + `${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

/** "session_up" -> "session up". */
export function words(name) {
  return String(name ?? '').replaceAll(/[_.]/g, ' ');
}

export const transport_names = {
  grpc: 'gRPC', websocket: 'WebSocket', ws: 'WebSocket', poll: 'Polling',
};

export function transport(name) {
  return transport_names[name] ?? name ?? none;
}

/** "*" and the authority of a CONNECT are no paths of a host. */
export const target_of = ({ host, path }) =>
  (!path || path.startsWith('/') ? host + path : path);

export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}
