// Keeps a panel's newest answer; while the next one is on its way the old one stays on screen.
import { useEffect, useState } from 'react';
import { askPanel } from './api.js';

const NOTHING = { loading: true, frames: [], range: null, error: '' };

// `asked` is null as long as the variables are not known.
export function usePanelData(uid, panel, asked, points, tick) {
  const [state, setState] = useState(NOTHING);
  useEffect(() => {
    const stop = new AbortController();
    const targets = (panel.targets ?? []).filter((target) => !target.hide);
    if (!targets.length) {
      setState({ ...NOTHING, loading: false, range: {} });
    } else if (asked) {
      setState((before) => ({ ...before, loading: true }));
      Promise.all(targets.map((target) => askPanel(uid, panel.id, target.refId, asked, points, stop.signal)))
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
    }
    return () => stop.abort();
  }, [uid, panel, asked, points, tick]);
  return state;
}
