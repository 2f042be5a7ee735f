// The time range: the dashboard's own quick ranges, or any from and to in UTC.
import { useState } from 'react';
import { chooseRange } from './address.js';
import { Drop } from './Drop.jsx';

const LONGEST = 400 * 86_400_000;

export function quickRanges(board, words) {
  const own = board.timepicker?.quick_ranges;
  if (own?.length) {
    return own;
  }
  return Object.entries(words.last).map(([length, display]) => ({ display, from: `now-${length}`, to: 'now' }));
}

const fixed = (text) => {
  const moment = new Date(/^\d+$/.test(text) ? Number(text) : text);
  return text.startsWith('now') || Number.isNaN(moment.getTime()) ? null : moment.toISOString();
};
const readable = (text) => fixed(text)?.slice(0, 16).replace('T', ' ') ?? text;

export function rangeText(board, { from, to }, words) {
  const quick = quickRanges(board, words).find((range) => range.from === from && range.to === to);
  const length = to === 'now' ? from.replace('now-', '') : '';
  return quick?.display ?? words.last[length] ?? `${readable(from)} – ${readable(to)}${fixed(to) ? ' UTC' : ''}`;
}

function Form({ choice, words, onDone }) {
  const field = (text) => fixed(text)?.slice(0, 16) ?? '';
  const [ends, setEnds] = useState({ from: field(choice.from), to: field(choice.to) });
  const [fault, setFault] = useState('');
  const apply = (event) => {
    event.preventDefault();
    const [from, to] = [ends.from, ends.to].map((text) => (text ? new Date(`${text}Z`) : null));
    const said = !from || !to ? words.incomplete : from >= to ? words.backwards : to - from > LONGEST ? words.tooLong : '';
    setFault(said);
    if (!said) {
      chooseRange(from.toISOString(), to.toISOString());
      onDone();
    }
  };
  return (
    <form className="range-form" onSubmit={apply} noValidate>
      {['from', 'to'].map((name) => (
        <label key={name}>
          {words[name]}
          <input className="control" type="datetime-local" name={name} value={ends[name]}
            onChange={({ target }) => setEnds({ ...ends, [name]: target.value })} />
        </label>
      ))}
      {fault && <p role="alert">{fault}</p>}
      <button type="submit" className="control">{words.apply}</button>
    </form>
  );
}

export function RangeChoice({ board, choice, words }) {
  return (
    <Drop label={words.range} text={rangeText(board, choice, words)} icon="clock-nine" atRight>
      {(close) => (
        <>
          <h2>{words.quick}</h2>
          {quickRanges(board, words).map(({ display, from, to }) => (
            <button key={display} type="button" className="choice" aria-current={from === choice.from && to === choice.to}
              onClick={() => { chooseRange(from, to); close(); }}>
              {display}
            </button>
          ))}
          <h2>{words.custom}</h2>
          <Form choice={choice} words={words} onDone={close} />
        </>
      )}
    </Drop>
  );
}
