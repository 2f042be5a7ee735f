// Talks to the preview server; every failure becomes one sentence.
async function get(path, signal) {
  let response;
  try {
    response = await fetch(`/api/${path}`, { signal });
  } catch (error) {
    if (error.name === 'AbortError') {
      throw error;
    }
    throw new Error('The preview server does not answer');
  }
  const body = await response.json();
  if (!response.ok) {
    throw new Error(body.error);
  }
  return body;
}

function parameters(choice, points) {
  const query = new URLSearchParams({ from: choice.from, to: choice.to });
  if (points) {
    query.set('points', Math.max(1, Math.min(4000, Math.round(points))));
  }
  for (const [name, values] of Object.entries(choice.values)) {
    values.forEach((value) => query.append(`var-${name}`, value));
  }
  return query;
}

const part = encodeURIComponent;

export const listBoards = (signal) => get('dashboards', signal);
export const loadBoard = (uid, signal) => get(`dashboards/${part(uid)}`, signal);
export const askPanel = (uid, id, refId, choice, points, signal) =>
  get(`panels/${part(uid)}/${id}/${part(refId)}?${parameters(choice, points)}`, signal);
export const askMarks = (uid, name, choice, signal) =>
  get(`annotations/${part(uid)}/${part(name)}?${parameters(choice)}`, signal);
export const askValues = (uid, name, choice, signal) =>
  get(`variables/${part(uid)}/${part(name)}?${parameters({ ...choice, values: {} })}`, signal);
