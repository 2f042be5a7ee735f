// What the viewer chose lives in the page's address, so that it can be shared and survives a reload.
export const RANGES = ['5m', '15m', '1h', '6h', '24h', '7d'];
export const REFRESHES = ['10s', '30s', '1m', '5m'];
const SECONDS = { s: 1, m: 60, h: 3600 };

export function readAddress(board) {
  const given = new URLSearchParams(window.location.search);
  const values = {};
  for (const name of new Set(given.keys())) {
    if (name.startsWith('var-') && name !== 'var-datasource') {
      values[name.slice(4)] = given.getAll(name);
    }
  }
  return {
    from: given.get('from') ?? board.time.from,
    to: given.get('to') ?? board.time.to,
    refresh: given.get('refresh') ?? board.refresh ?? '',
    values,
  };
}

export function writeAddress(choice) {
  const given = new URLSearchParams(window.location.search);
  [...given.keys()].filter((name) => name.startsWith('var-')).forEach((name) => given.delete(name));
  given.set('from', choice.from);
  given.set('to', choice.to);
  given.set('refresh', choice.refresh);
  for (const [name, values] of Object.entries(choice.values)) {
    values.forEach((value) => given.append(`var-${name}`, value));
  }
  window.history.replaceState(null, '', `?${given}`);
}

export const themeName = () =>
  new URLSearchParams(window.location.search).get('theme') === 'light' ? 'light' : 'dark';

export function milliseconds(period) {
  const found = /^(\d+)([smh])$/.exec(period);
  return found ? Number(found[1]) * SECONDS[found[2]] * 1000 : 0;
}
