// Fills in what links, titles and names mention: ${__data.fields["x"]}, ${__value.raw}, ${name:queryparam} and their like.
// Grafana's own interpolation is in its core, which is not published.
import { formattedValueToString, getFieldDisplayName } from '@grafana/data';
import { ALL } from './useVariables.js';

const STEP = String.raw`\.[^:}\[\].]+|\[(?:"[^"]*"|'[^']*'|\d+)\]`;
const MENTION = new RegExp(String.raw`\$\{(\w+)((?:${STEP})*)(?::([^}]+))?\}|\$(\w+)`, 'g');

const stepsOf = (path) => [...(path ?? '').matchAll(new RegExp(STEP, 'g'))].map(([step]) => step.replace(/^\.|^\[["']?|["']?\]$/g, ''));

function shown(field, row) {
  const value = field.values[row];
  return field.display ? formattedValueToString(field.display(value)) : String(value ?? '');
}

function ofValue(field, row, kind) {
  if (kind === 'raw' || kind === 'numeric') {
    return field.values[row];
  }
  return kind === 'text' && field.display ? field.display(field.values[row]).text : shown(field, row);
}

function ofData(context, [what, key, kind]) {
  const { frame, rowIndex } = context;
  if (what !== 'fields' || rowIndex === undefined) {
    return undefined;
  }
  const field = frame.fields.find((one) => one.name === key || getFieldDisplayName(one, frame) === key) ?? frame.fields[Number(key)];
  return field && ofValue(field, rowIndex, kind);
}

function ofThisValue({ frame, field, rowIndex, calculatedValue }, [kind]) {
  if (rowIndex === undefined) {
    return kind === 'raw' || kind === 'numeric' ? calculatedValue?.numeric : calculatedValue && formattedValueToString(calculatedValue);
  }
  if (kind === 'time') {
    return frame.fields.find(({ type }) => type === 'time')?.values[rowIndex];
  }
  return ofValue(field, rowIndex, kind);
}

function ofField({ field, frame, data }, [what, label]) {
  if (what === 'labels') {
    return label === undefined ? Object.entries(field.labels ?? {}).map((pair) => pair.join('=')).join(', ') : (field.labels?.[label] ?? '');
  }
  return what === 'name' ? field.name : getFieldDisplayName(field, frame, data);
}

// Brackets too: an address may stand in those of a Markdown link.
const encode = (value) => encodeURIComponent(value).replace(/[()]/g, (bracket) => (bracket === '(' ? '%28' : '%29'));
const queryParameters = (name, values) => values.map((value) => `var-${name}=${encode(value)}`).join('&');

// Joins a variable's values; what is a piece of an address already is marked, so that it is not encoded again.
function ofVariable(name, { values, options }, format) {
  const chosen = values[name];
  const text = (value) => options[name]?.find((option) => option.value === value)?.text ?? value;
  switch (format) {
    case 'queryparam':
      return { raw: queryParameters(name, chosen) };
    case 'percentencode':
      return { raw: encodeURIComponent(chosen.join(',')) };
    case 'pipe':
      return chosen.join('|');
    case 'text':
      return chosen.map((value) => (value === ALL ? options.all : text(value))).join(' + ');
    default:
      return chosen.join(',');
  }
}

function lookUp(name, path, format, page, context) {
  const steps = stepsOf(path);
  switch (name) {
    case '__url_time_range':
      return { raw: new URLSearchParams({ from: page.from, to: page.to }).toString() };
    case '__all_variables':
      return { raw: Object.entries(page.values).map(([key, values]) => queryParameters(key, values)).join('&') };
    case '__from':
      return page.range?.from;
    case '__to':
      return page.range?.to;
    default:
  }
  if (context) {
    switch (name) {
      case '__data':
        return ofData(context, steps);
      case '__value':
        return ofThisValue(context, steps);
      case '__field':
        return ofField(context, steps);
      case '__series':
      case '__series_name':
        return context.frame.name ?? getFieldDisplayName(context.field, context.frame, context.data);
      default:
    }
  }
  return name in page.values ? ofVariable(name, page, format) : undefined;
}

// `page` is { from, to, range, values, options }. What cannot be resolved stays as it is written.
export function interpolator(page) {
  return (text, scoped, format) => {
    const isAddress = format === 'uriencode';
    return String(text ?? '').replace(MENTION, (mention, name, path, own, plain, at) => {
      const found = lookUp(name ?? plain, path, own ?? format, page, scoped?.__dataContext?.value);
      if (found === undefined || found === null) {
        return found === null ? '' : mention;
      }
      if (found.raw !== undefined) {
        return found.raw;
      }
      if (own === 'percentencode') {
        return encodeURIComponent(found);
      }
      // A value that is the whole address is one; anywhere else it is a part and may not end it.
      return isAddress && at > 0 ? encodeURIComponent(found) : String(found);
    });
  };
}
