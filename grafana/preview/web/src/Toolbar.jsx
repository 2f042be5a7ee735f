import { useEffect, useState } from 'react';
import { MultiCombobox, RadioButtonGroup, RefreshPicker } from '@grafana/ui';
import { askValues } from './api.js';
import { RANGES, REFRESHES } from './address.js';

const ALL = '$__all';

function VariableChoice({ uid, variable, choice, onChange }) {
  const [options, setOptions] = useState([]);
  const chosen = (choice.values[variable.name] ?? [ALL]).filter((value) => value !== ALL);
  useEffect(() => {
    const stop = new AbortController();
    askValues(uid, variable.name, choice, stop.signal)
      .then((values) => setOptions(values.map((value) => ({ value, label: value }))))
      .catch(() => setOptions([])); // the panels say what is wrong with the store
    return () => stop.abort();
  }, [uid, variable.name, choice.from, choice.to]);
  const set = (picked) => {
    const values = picked.length ? picked.map((option) => option.value) : [ALL];
    onChange({ ...choice, values: { ...choice.values, [variable.name]: values } });
  };
  return (
    <label style={{ display: 'flex', alignItems: 'center', gap: 8 }}>
      {variable.label}
      <MultiCombobox options={options} value={chosen} onChange={set} placeholder="All" width="auto" minWidth={16} maxWidth={48} isClearable />
    </label>
  );
}

export function Toolbar({ uid, board, choice, onChange, onRefresh, loading, theme }) {
  const range = choice.to === 'now' ? choice.from.replace('now-', '') : '';
  const variables = board.templating.list.filter((variable) => variable.type === 'query');
  const style = {
    position: 'sticky', top: 0, zIndex: 10, display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 16, padding: '8px 16px',
    background: theme.colors.background.primary, borderBottom: `1px solid ${theme.colors.border.weak}`,
  };
  return (
    <header style={style}>
      <h1 style={{ fontSize: 18, margin: '0 auto 0 0' }}>{board.title}</h1>
      {variables.map((variable) => (
        <VariableChoice key={variable.name} uid={uid} variable={variable} choice={choice} onChange={onChange} />
      ))}
      <RadioButtonGroup aria-label="Time range" size="sm" value={range}
        options={RANGES.map((value) => ({ value, label: value, description: `The last ${value}` }))}
        onChange={(value) => onChange({ ...choice, from: `now-${value}`, to: 'now' })} />
      <RefreshPicker value={choice.refresh} intervals={REFRESHES} onRefresh={onRefresh} isLoading={loading}
        onIntervalChanged={(refresh) => onChange({ ...choice, refresh })} />
    </header>
  );
}
