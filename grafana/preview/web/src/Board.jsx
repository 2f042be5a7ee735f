import { useCallback, useContext, useEffect, useMemo, useRef, useState } from 'react';
import { Icon } from '@grafana/ui';
import { askMarks } from './api.js';
import { chooseRows, milliseconds, readChoice } from './address.js';
import { layout } from './layout.js';
import { marksOf } from './Marks.jsx';
import { Page } from './Page.js';
import { PanelView } from './PanelView.jsx';
import { Toolbar } from './Toolbar.jsx';
import { useVariables } from './useVariables.js';

function useWidth() {
  const [width, setWidth] = useState(document.documentElement.clientWidth);
  useEffect(() => {
    const measure = () => setWidth(document.documentElement.clientWidth);
    // The body, not the window: a scroll bar that appears takes width too.
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);
  return width;
}

// Counts up at each refresh. A hidden page asks for nothing and catches up when it is seen again.
function useTick(refresh) {
  const [tick, setTick] = useState(0);
  const missed = useRef(false);
  const next = useCallback(() => setTick((before) => before + 1), []);
  useEffect(() => {
    const turn = () => {
      missed.current = document.hidden;
      if (!document.hidden) {
        next();
      }
    };
    const period = milliseconds(refresh);
    const timer = period ? setInterval(turn, period) : 0;
    const seen = () => missed.current && turn();
    document.addEventListener('visibilitychange', seen);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, [refresh, next]);
  return [tick, next];
}

function useMarks(board, asked, tick) {
  const { theme } = useContext(Page);
  const [answers, setAnswers] = useState([]);
  const annotations = useMemo(() => board.annotations.list.filter(({ enable, target }) => enable !== false && target), [board]);
  useEffect(() => {
    const stop = new AbortController();
    if (asked) {
      Promise.all(annotations.map(({ name }) => askMarks(board.uid, name, asked, stop.signal)))
        .then(setAnswers)
        .catch(() => {}); // marks are an extra; the panels say what is wrong with the store
    }
    return () => stop.abort();
  }, [board, annotations, asked, tick]);
  return useMemo(() => marksOf(annotations, answers, theme), [annotations, answers, theme]);
}

function useLoading() {
  const busy = useRef(new Set());
  const [loading, setLoading] = useState(false);
  const report = useCallback((id, is) => {
    busy.current[is ? 'add' : 'delete'](id);
    setLoading(busy.current.size > 0);
  }, []);
  return [loading, report];
}

function Row({ panel, isOpen, onToggle }) {
  return (
    <h2 data-row={panel.id} style={{ margin: 0 }}>
      <button type="button" className="row-title" aria-expanded={isOpen} onClick={onToggle}>
        <Icon name={isOpen ? 'angle-down' : 'angle-right'} />
        {panel.title}
      </button>
    </h2>
  );
}

// `choice` is read again with every address; a new refresh period alone must not make every panel ask again.
function useAsked(choice, found) {
  const values = found?.values;
  return useMemo(() => (values ? { from: choice.from, to: choice.to, values } : null), [choice.from, choice.to, values]);
}

export function Board({ board, boards }) {
  const { words } = useContext(Page);
  const choice = readChoice(board);
  const [tick, refresh] = useTick(choice.refresh);
  const found = useVariables(board, choice, tick);
  const asked = useAsked(choice, found);
  const marks = useMarks(board, asked, tick);
  const [loading, report] = useLoading();
  const { places, height } = layout(board, choice.toggled, useWidth());
  const toggle = (id) => {
    const others = choice.toggled.filter((one) => one !== id);
    chooseRows(others.length < choice.toggled.length ? others : [...others, id]);
  };
  return (
    <>
      <Toolbar boards={boards} board={board} choice={choice} found={found} words={words} onRefresh={refresh} loading={loading} />
      <main style={{ position: 'relative', height }} aria-busy={loading}>
        {places.map(({ panel, box, isOpen }) => (
          <div key={panel.id} style={{ position: 'absolute', ...box }}>
            {panel.type === 'row'
              ? <Row panel={panel} isOpen={isOpen} onToggle={() => toggle(String(panel.id))} />
              : <PanelView uid={board.uid} panel={panel} asked={asked} found={found} tick={tick} width={box.width} height={box.height}
                  marks={marks} sync={board.graphTooltip ?? 0} onLoading={report} />}
          </div>
        ))}
      </main>
    </>
  );
}
