// Makes frames ready to draw: defaults, thresholds and overrides, as Grafana's core does before a panel sees them.
import { Registry, applyFieldOverrides, createDataFrame, displayNameOverrideProcessor, identityOverrideProcessor, textUtil } from '@grafana/data';
import { withLook } from './address.js';

const STANDARD = ['unit', 'min', 'max', 'decimals', 'displayName', 'noValue', 'color', 'thresholds', 'mappings', 'links', 'description', 'filterable'];
const CUSTOM = ['align', 'axisBorderShow', 'axisCenteredZero', 'axisColorMode', 'axisGridShow', 'axisLabel', 'axisPlacement', 'axisSoftMax', 'axisSoftMin',
  'axisWidth', 'barAlignment', 'barMaxWidth', 'barWidthFactor', 'cellOptions', 'drawStyle', 'fillBelowTo', 'fillOpacity', 'filterable', 'gradientMode',
  'hidden', 'hideFrom', 'insertNulls', 'inspect', 'lineInterpolation', 'lineStyle', 'lineWidth', 'minWidth', 'pointSize', 'scaleDistribution', 'showPoints',
  'spanNulls', 'stacking', 'thresholdsStyle', 'transform', 'width', 'wrapText', 'wrapHeaderText'];
const SERIES = new Set(['timeseries', 'piechart']);

// Core's own registry is not published; without any, overrides are ignored.
const entry = (path, isCustom) => ({
  id: isCustom ? `custom.${path}` : path,
  path,
  name: path,
  isCustom,
  process: path === 'displayName' ? displayNameOverrideProcessor : identityOverrideProcessor,
  // A default label names the numbers; the time axis has none.
  shouldApply: (field) => path !== 'axisLabel' || !['time', 'string'].includes(field.type),
  override: () => null,
  editor: () => null,
});
const registry = new Registry(() => [...STANDARD.map((path) => entry(path, false)), ...CUSTOM.map((path) => entry(path, true))]);

const LINES = {
  drawStyle: 'line', lineInterpolation: 'linear', lineWidth: 1, fillOpacity: 0, gradientMode: 'none', showPoints: 'auto', pointSize: 5,
  spanNulls: false, axisPlacement: 'auto', axisGridShow: true, thresholdsStyle: { mode: 'off' }, stacking: { mode: 'none', group: 'A' },
  scaleDistribution: { type: 'linear' }, hideFrom: { legend: false, tooltip: false, viz: false }, barAlignment: 0,
};
// What Grafana takes when a panel says nothing.
const UNSAID = { mode: 'absolute', steps: [{ value: null, color: 'green' }, { value: 80, color: 'red' }] };

// JSON has no infinity, so the lowest step is null on disk.
const fromDisk = (thresholds = UNSAID) => ({
  ...thresholds,
  steps: thresholds.steps.map((step) => ({ ...step, value: step.value ?? -Infinity })),
});

// `hidden` is how files say it; the table of today reads `hideFrom`.
const hideFrom = (hidden) => ({ viz: hidden, legend: hidden, tooltip: hidden });

function propertyOf({ id, value }) {
  if (id === 'thresholds') {
    return { id, value: fromDisk(value) };
  }
  return id === 'custom.hidden' ? { id: 'custom.hideFrom', value: hideFrom(value) } : { id, value };
}

export function fieldConfigOf(panel) {
  const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {};
  return {
    defaults: {
      ...defaults,
      color: defaults.color ?? { mode: SERIES.has(panel.type) ? 'palette-classic' : 'thresholds' },
      thresholds: fromDisk(defaults.thresholds),
      custom: { ...(panel.type === 'timeseries' ? LINES : {}), ...(defaults.custom ?? {}) },
    },
    overrides: overrides.map((override) => ({
      ...override,
      properties: override.properties.map(propertyOf),
    })),
  };
}

const toDashboard = /^\/(d\/|$|\?)/;

// What a link may lead to: dashboards with the viewer's look, and addresses that run no script.
export function stayHere(href) {
  if (toDashboard.test(href)) {
    return withLook(href);
  }
  return textUtil.sanitizeUrl(href) === 'about:blank' ? 'about:blank' : href;
}

export function readyFrames(fieldConfig, frames, theme, timeZone, replace) {
  return applyFieldOverrides({
    data: frames.map((frame) => createDataFrame(frame)),
    fieldConfig,
    fieldConfigRegistry: registry,
    theme,
    timeZone,
    replaceVariables: replace,
    // Grafana's own reading of the address decodes it once more, which cuts a value with & in it.
    dataLinkPostProcessor: ({ link, linkModel, dataLinkScopedVars }) => ({
      ...linkModel,
      href: stayHere(replace(link.url, dataLinkScopedVars, 'uriencode')),
    }),
  });
}
