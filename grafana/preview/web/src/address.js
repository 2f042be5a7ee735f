// What the viewer chose lives in the page's address, so that it can be shared and survives a reload.
import { useSyncExternalStore } from 'react';
import { LANGUAGES } from './words.js';

const MOMENT = /^(now([+-]\d{1,4}[smhdwMy]|\/[smhdwMy])*|\d{1,14}|\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?Z?)$/;
const REFRESHES = ['5s', '10s', '15s', '30s', '1m', '5m', '15m', '30m', '1h'];
const SECONDS = { s: 1, m: 60, h: 3600 };
const LOOK = ['lang', 'theme'];
const listeners = new Set();
const tell = () => listeners.forEach((listener) => listener());

window.addEventListener('popstate', tell);

export function useAddress() {
  const subscribe = (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return useSyncExternalStore(subscribe, () => window.location.pathname + window.location.search);
}

// Language and theme belong to the viewer: no link between dashboards loses them.
export function withLook(href) {
  const target = new URL(href, window.location.origin);
  const given = new URLSearchParams(window.location.search);
  LOOK.filter((name) => given.has(name) && !target.searchParams.has(name)).forEach((name) => target.searchParams.set(name, given.get(name)));
  return target.pathname + target.search;
}

export function go(href) {
  window.history.pushState(null, '', withLook(href));
  window.scrollTo(0, 0);
  tell();
}

export function change(edit) {
  const given = new URLSearchParams(window.location.search);
  edit(given);
  window.history.replaceState(null, '', `${window.location.pathname}?${given}`);
  tell();
}

const isPage = (url) => url.origin === window.location.origin && /^\/(d\/[^/]+)?$/.test(url.pathname);

// A click on a link to a dashboard, wherever it is, changes what is shown without loading the page again.
export function followLinks(event) {
  const link = event.target.closest?.('a[href]');
  const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (link && plain && link.target !== '_blank' && isPage(new URL(link.href))) {
    event.preventDefault();
    go(link.href);
  }
}

export function look() {
  const given = new URLSearchParams(window.location.search);
  return {
    uid: window.location.pathname.match(/^\/d\/([^/]+)/)?.[1],
    language: given.get('lang') in LANGUAGES ? given.get('lang') : 'en',
    mode: given.get('theme') === 'light' ? 'light' : 'dark',
  };
}

export const refreshes = (board) => board.timepicker?.refresh_intervals ?? REFRESHES;

// A name or a range that this dashboard does not know is ignored: the address may be another one's.
export function readChoice(board) {
  const given = new URLSearchParams(window.location.search);
  const values = {};
  for (const { name, type } of board.templating.list) {
    if (type !== 'datasource' && given.has(`var-${name}`)) {
      values[name] = given.getAll(`var-${name}`);
    }
  }
  const [from, to] = [given.get('from') ?? board.time.from, given.get('to') ?? board.time.to];
  const readable = MOMENT.test(from) && MOMENT.test(to);
  const refresh = given.get('refresh');
  return {
    from: readable ? from : board.time.from,
    to: readable ? to : board.time.to,
    refresh: refresh !== null && (refresh === '' || refreshes(board).includes(refresh)) ? refresh : board.refresh || '',
    values,
    toggled: (given.get('rows') ?? '').split(',').filter(Boolean),
  };
}

export const chooseRange = (from, to) => change((given) => { given.set('from', from); given.set('to', to); });
export const chooseRefresh = (refresh) => change((given) => given.set('refresh', refresh));
export const chooseLook = (name, value) => change((given) => given.set(name, value));
export const chooseRows = (ids) => change((given) => (ids.length ? given.set('rows', ids.join(',')) : given.delete('rows')));
export const chooseValues = (name, values) =>
  change((given) => {
    given.delete(`var-${name}`);
    values.forEach((value) => given.append(`var-${name}`, value));
  });

// Another dashboard gets the range, when one was chosen, and those variables that it has too.
export function addressOf({ uid, variables }) {
  const given = new URLSearchParams(window.location.search);
  const kept = new URLSearchParams();
  for (const [name, value] of given) {
    if (['from', 'to', ...LOOK].includes(name) || variables.some((variable) => name === `var-${variable}`)) {
      kept.append(name, value);
    }
  }
  return `/d/${encodeURIComponent(uid)}${kept.size ? `?${kept}` : ''}`;
}

export function milliseconds(period) {
  const found = /^(\d+)([smh])$/.exec(period);
  return found ? Number(found[1]) * SECONDS[found[2]] * 1000 : 0;
}
