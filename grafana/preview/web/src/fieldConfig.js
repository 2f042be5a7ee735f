// Makes frames ready to draw: defaults, thresholds and overrides, as Grafana's core does before a panel sees them.
import { Registry, applyFieldOverrides, createDataFrame, identityOverrideProcessor } from '@grafana/data';

const STANDARD = ['unit', 'min', 'max', 'decimals', 'displayName', 'noValue', 'color', 'thresholds', 'mappings', 'links', 'description'];
const CUSTOM = ['align', 'axisLabel', 'axisPlacement', 'cellOptions', 'drawStyle', 'fillOpacity', 'filterable', 'gradientMode', 'hidden',
  'hideFrom', 'lineInterpolation', 'lineStyle', 'lineWidth', 'pointSize', 'showPoints', 'spanNulls', 'stacking', 'thresholdsStyle', 'width'];

// Core's own registry is not published; without any, overrides are ignored.
const entry = (path, isCustom) => ({
  id: isCustom ? `custom.${path}` : path,
  path,
  name: path,
  isCustom,
  process: identityOverrideProcessor,
  shouldApply: () => true,
  override: () => null,
  editor: () => null,
});
const registry = new Registry(() => [...STANDARD.map((path) => entry(path, false)), ...CUSTOM.map((path) => entry(path, true))]);

const LINES = {
  drawStyle: 'line', lineInterpolation: 'linear', lineWidth: 1, fillOpacity: 0, gradientMode: 'none', showPoints: 'auto', pointSize: 5,
  spanNulls: false, axisPlacement: 'auto', axisGridShow: true, thresholdsStyle: { mode: 'off' }, stacking: { mode: 'none', group: 'A' },
  scaleDistribution: { type: 'linear' }, hideFrom: { legend: false, tooltip: false, viz: false },
};

// JSON has no infinity, so the lowest step is null on disk.
const fromDisk = (thresholds) => ({
  ...thresholds,
  steps: thresholds.steps.map((step) => ({ ...step, value: step.value ?? -Infinity })),
});

export function fieldConfigOf(panel) {
  const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {};
  return {
    defaults: {
      ...defaults,
      color: defaults.color ?? { mode: panel.type === 'timeseries' ? 'palette-classic' : 'thresholds' },
      thresholds: fromDisk(defaults.thresholds),
      custom: { ...(panel.type === 'timeseries' ? LINES : {}), ...(defaults.custom ?? {}) },
    },
    overrides: overrides.map((override) => ({
      ...override,
      properties: override.properties.map((property) =>
        property.id === 'thresholds' ? { ...property, value: fromDisk(property.value) } : property),
    })),
  };
}

export function readyFrames(fieldConfig, frames, theme, timeZone) {
  return applyFieldOverrides({
    data: frames.map((frame) => createDataFrame(frame)),
    fieldConfig,
    fieldConfigRegistry: registry,
    theme,
    timeZone,
    replaceVariables: (text) => text,
  });
}
