// Finds each variable's options and value; one that depends on others is asked with their values.
import { useEffect, useMemo, useState } from 'react';
import { askOptions } from './api.js';

export const ALL = '$__all';

export const chosenBy = (board) => board.templating.list.filter(({ type }) => type !== 'datasource');

const sqlOf = ({ type, query }) => (type === 'query' ? (query?.rawSql ?? String(query)) : '');
const uses = (variable, other) => new RegExp(`\\$\\{?${other.name}\\b`).test(sqlOf(variable));

// Those that another one needs come before it.
function inOrder(variables) {
  const ordered = [];
  const visit = (variable) => {
    if (!ordered.includes(variable)) {
      variables.filter((other) => other !== variable && uses(variable, other)).forEach(visit);
      ordered.push(variable);
    }
  };
  variables.forEach(visit);
  return ordered;
}

function ownValues(variable) {
  const current = variable.current?.value ?? (variable.type === 'textbox' ? variable.query : undefined);
  return [current].flat().filter((value) => value !== undefined && value !== null && value !== '');
}

// The address wins, then the dashboard's own choice if it is still offered, then the first option.
function valuesOf(variable, options, given) {
  const own = ownValues(variable);
  if (variable.type === 'textbox') {
    return given ?? (own.length ? own : ['']);
  }
  const offered = (value) => (value === ALL && variable.includeAll) || options.some((option) => option.value === value);
  // Any value may be one that is not in the range right now, but All must be possible.
  const wanted = given?.filter((value) => (variable.type === 'query' && value !== ALL) || offered(value));
  if (wanted?.length) {
    return variable.multi ? wanted : wanted.slice(-1);
  }
  if (own.length && own.every(offered)) {
    return own;
  }
  return [variable.includeAll ? ALL : (options[0]?.value ?? '')];
}

async function resolve(board, choice, signal) {
  const options = {};
  const values = {};
  for (const variable of inOrder(chosenBy(board))) {
    const known = { ...choice, values: { ...values } };
    options[variable.name] = variable.type === 'textbox' ? [] : await askOptions(board.uid, variable.name, known, signal).catch((error) => {
      if (error.name === 'AbortError') {
        throw error;
      }
      return []; // the panels say what is wrong with the store
    });
    values[variable.name] = valuesOf(variable, options[variable.name], choice.values[variable.name]);
  }
  return { options, values };
}

// Returns { options, values }, or null before the first answer.
export function useVariables(board, choice, tick) {
  const [found, setFound] = useState(null);
  const given = JSON.stringify(choice.values);
  useEffect(() => {
    const stop = new AbortController();
    resolve(board, { from: choice.from, to: choice.to, values: JSON.parse(given) }, stop.signal)
      .then(setFound)
      .catch(() => {}); // only when it was stopped
    return () => stop.abort();
  }, [board, choice.from, choice.to, given, tick]);
  // The same answer again must not make every panel ask again.
  const [options, values] = [found && JSON.stringify(found.options), found && JSON.stringify(found.values)];
  const sameValues = useMemo(() => JSON.parse(values), [values]);
  return useMemo(() => sameValues && { options: JSON.parse(options), values: sameValues }, [options, sameValues]);
}
