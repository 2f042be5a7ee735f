import { useCallback, useEffect, useMemo, useState } from 'react';
import { askMarks } from './api.js';
import { milliseconds, readAddress, writeAddress } from './address.js';
import { PanelView } from './PanelView.jsx';
import { Toolbar } from './Toolbar.jsx';

const COLUMNS = 24;
const ROW = 30;
const GAP = 8;
const NARROWEST = 900;
const timeZone = 'utc';

function useWidth() {
  const [width, setWidth] = useState(document.documentElement.clientWidth);
  useEffect(() => {
    const measure = () => setWidth(document.documentElement.clientWidth);
    window.addEventListener('resize', measure);
    return () => window.removeEventListener('resize', measure);
  }, []);
  return Math.max(width, NARROWEST);
}

// Counts up at each refresh; a hidden page asks for nothing.
function useTick(refresh) {
  const [tick, setTick] = useState(0);
  const next = useCallback(() => setTick((before) => before + 1), []);
  useEffect(() => {
    const period = milliseconds(refresh);
    const timer = period ? setInterval(() => document.hidden || next(), period) : 0;
    return () => clearInterval(timer);
  }, [refresh, next]);
  return [tick, next];
}

function useMarks(uid, board, choice, tick) {
  const [marks, setMarks] = useState([]);
  useEffect(() => {
    const stop = new AbortController();
    Promise.all(board.annotations.list.map(({ name }) => askMarks(uid, name, choice, stop.signal)))
      .then((answers) => setMarks(answers.flatMap((answer) => answer.frames)))
      .catch(() => {}); // marks are an extra; the panels say what is wrong with the store
    return () => stop.abort();
  }, [uid, board, choice, tick]);
  return marks;
}

function box({ x, y, w, h }, column) {
  return { left: GAP + x * column, top: GAP + y * (ROW + GAP), width: w * column - GAP, height: h * ROW + (h - 1) * GAP };
}

export function Board({ board, theme }) {
  const { uid } = board;
  const [choice, setChoice] = useState(() => readAddress(board));
  const [tick, refresh] = useTick(choice.refresh);
  const marks = useMarks(uid, board, choice, tick);
  const column = (useWidth() - GAP) / COLUMNS;
  // A new refresh period alone must not make every panel ask again.
  const values = JSON.stringify(choice.values);
  const asked = useMemo(() => ({ from: choice.from, to: choice.to, values: JSON.parse(values) }), [choice.from, choice.to, values]);
  const change = (next) => {
    writeAddress(next);
    setChoice(next);
  };
  const bottom = Math.max(...board.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  return (
    <>
      <Toolbar uid={uid} board={board} choice={choice} onChange={change} onRefresh={refresh} theme={theme} />
      <main style={{ position: 'relative', height: bottom * (ROW + GAP) + GAP }}>
        {board.panels.map((panel) => {
          const place = box(panel.gridPos, column);
          return (
            <div key={panel.id} style={{ position: 'absolute', ...place }}>
              {panel.type === 'row'
                ? <h2 style={{ fontSize: 14, margin: 0, lineHeight: `${ROW}px` }}>{panel.title}</h2>
                : <PanelView uid={uid} panel={panel} choice={asked} tick={tick} width={place.width} height={place.height}
                    theme={theme} timeZone={timeZone} marks={marks} />}
            </div>
          );
        })}
      </main>
    </>
  );
}
