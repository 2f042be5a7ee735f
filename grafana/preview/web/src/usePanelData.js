// Keeps a panel's newest answer; while the next one is on its way the old one stays on screen.
import { useEffect, useState } from 'react';
import { askPanel } from './api.js';

export function usePanelData(uid, panel, choice, points, tick) {
  const [state, setState] = useState({ loading: true, frames: [], range: null, error: '' });
  useEffect(() => {
    const stop = new AbortController();
    setState((before) => ({ ...before, loading: true }));
    Promise.all(panel.targets.map((target) => askPanel(uid, panel.id, target.refId, choice, points, stop.signal)))
      .then((answers) => setState({
        loading: false,
        frames: answers.flatMap((answer) => answer.frames),
        range: { from: answers[0].from, to: answers[0].to },
        error: '',
      }))
      .catch((error) => {
        if (error.name !== 'AbortError') {
          setState((before) => ({ ...before, loading: false, error: error.message }));
        }
      });
    return () => stop.abort();
  }, [uid, panel, choice, points, tick]);
  return state;
}
