// Talks to the preview server; every failure becomes one sentence.
import { look } from './address.js';
import { wordsOf } from './words.js';

async function get(path, query, signal) {
  const { language } = look();
  query.set('lang', language);
  let response;
  try {
    response = await fetch(`/api/${path}?${query}`, { signal });
  } catch (error) {
    if (error.name === 'AbortError') {
      throw error;
    }
    throw new Error(wordsOf(language).unanswered);
  }
  const body = await response.json();
  if (!response.ok) {
    throw new Error(body.error);
  }
  return body;
}

function parameters({ from, to, values }, points) {
  const query = new URLSearchParams({ from, to });
  if (points) {
    query.set('points', Math.max(1, Math.min(4000, Math.round(points))));
  }
  for (const [name, chosen] of Object.entries(values)) {
    chosen.forEach((value) => query.append(`var-${name}`, value));
  }
  return query;
}

const part = encodeURIComponent;

export const listBoards = (signal) => get('dashboards', new URLSearchParams(), signal);
export const loadBoard = (uid, signal) => get(`dashboards/${part(uid)}`, new URLSearchParams(), signal);
export const askPanel = (uid, id, refId, choice, points, signal) =>
  get(`panels/${part(uid)}/${id}/${part(refId)}`, parameters(choice, points), signal);
export const askMarks = (uid, name, choice, signal) => get(`annotations/${part(uid)}/${part(name)}`, parameters(choice), signal);
export const askOptions = (uid, name, choice, signal) => get(`variables/${part(uid)}/${part(name)}`, parameters(choice), signal);
