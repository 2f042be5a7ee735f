// One variable's control: some of many values, one of many, or free text.
import { useEffect, useId, useState } from 'react';
import { Combobox, MultiCombobox } from '@grafana/ui';
import { chooseValues } from './address.js';
import { ALL } from './useVariables.js';

const toChoices = (options) => options.map(({ text, value }) => ({ label: text, value }));

function Text({ id, name, value }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const set = () => text !== value && chooseValues(name, [text]);
  return (
    <input id={id} className="control" type="text" value={text} maxLength={256} style={{ width: 180 }} onChange={({ target }) => setText(target.value)}
      onBlur={set} onKeyDown={({ key }) => key === 'Enter' && set()} />
  );
}

export function VariableChoice({ variable, options, values, words }) {
  const id = useId();
  const { name, type, multi, includeAll } = variable;
  const label = variable.label || name;
  let control;
  if (type === 'textbox') {
    control = <Text id={id} name={name} value={values[0] ?? ''} />;
  } else if (multi) {
    const set = (picked) => chooseValues(name, picked.length || !includeAll ? picked.map(({ value }) => value) : [ALL]);
    control = (
      <MultiCombobox id={id} options={toChoices(options)} value={values.filter((value) => value !== ALL)} onChange={set}
        placeholder={words.all} width="auto" minWidth={16} maxWidth={48} isClearable={false} />
    );
  } else {
    const all = includeAll ? [{ label: words.all, value: ALL }] : [];
    control = (
      <Combobox id={id} options={[...all, ...toChoices(options)]} value={values[0] === '' ? null : values[0]}
        onChange={({ value }) => chooseValues(name, [value])} width="auto" minWidth={16} maxWidth={48} />
    );
  }
  return <div className="variable" data-variable={name} style={{ display: 'flex', alignItems: 'center', gap: 8 }}><label htmlFor={id}>{label}</label>{control}</div>;
}
