// One of Grafana's own components for each panel type that the lint rules allow.
import { VizOrientation, getDisplayValueAlignmentFactors, getFieldDisplayValues } from '@grafana/data';
import { BarGauge, BigValue, BigValueColorMode, TimeSeries, TooltipPlugin, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { Marks } from './Marks.jsx';

function displayValues({ fieldConfig, panel, frames, theme, timeZone }) {
  return getFieldDisplayValues({
    fieldConfig,
    reduceOptions: panel.options.reduceOptions,
    replaceVariables: (text) => text,
    theme,
    data: frames,
    timeZone,
    sparkline: panel.options.graphMode !== 'none',
  });
}

function Lines({ panel, frames, width, height, range, timeZone, theme, marks }) {
  return (
    <TimeSeries frames={frames} timeRange={range} timeZone={timeZone} width={width} height={height}
      legend={panel.options.legend} options={panel.options} tweakScale={undefined} tweakAxis={undefined}>
      {(config, aligned) => (
        <>
          <TooltipPlugin config={config} data={aligned} timeZone={timeZone}
            mode={panel.options.tooltip?.mode ?? 'multi'} sortOrder={panel.options.tooltip?.sort} />
          <Marks config={config} frames={marks} color={theme.visualization.getColorByName('blue')} />
        </>
      )}
    </TimeSeries>
  );
}

function Numbers(props) {
  const { panel, frames, width, height, theme } = props;
  const { options } = panel;
  return (
    <VizRepeater width={width} height={height} source={frames} renderCounter={0} autoGrid
      orientation={options.orientation ?? VizOrientation.Auto} getValues={() => displayValues(props)}
      renderValue={({ value, width: w, height: h, count }) => (
        <BigValue value={value.display} count={count} sparkline={value.sparkline} theme={theme} width={w} height={h}
          colorMode={options.colorMode ?? BigValueColorMode.Value} graphMode={options.graphMode}
          justifyMode={options.justifyMode} textMode={options.textMode} wideLayout={options.wideLayout} />
      )} />
  );
}

function Bars(props) {
  const { panel, frames, width, height, theme } = props;
  const { options } = panel;
  return (
    <VizRepeater width={width} height={height} source={frames} renderCounter={0} orientation={options.orientation}
      minVizHeight={options.minVizHeight ?? 16} maxVizHeight={options.maxVizHeight ?? 300} itemSpacing={10}
      getAlignmentFactors={getDisplayValueAlignmentFactors} getValues={() => displayValues(props)}
      renderValue={({ value, width: w, height: h, orientation, alignmentFactors }) => (
        <BarGauge value={value.display} field={value.field} width={w} height={h} orientation={orientation} theme={theme}
          display={value.view?.getFieldDisplayProcessor?.(value.colIndex)} displayMode={options.displayMode}
          showUnfilled={options.showUnfilled} itemSpacing={10} alignmentFactors={alignmentFactors}
          valueDisplayMode={options.valueMode} namePlacement={options.namePlacement} />
      )} />
  );
}

function Rows({ panel, fieldConfig, frames, width, height, range, timeZone }) {
  return (
    <TableNG data={frames[0]} width={width} height={height} fieldConfig={fieldConfig} timeRange={range} timeZone={timeZone}
      structureRev={1} enableVirtualization={false} cellHeight={panel.options.cellHeight} />
  );
}

export const renderers = { timeseries: Lines, stat: Numbers, bargauge: Bars, table: Rows };
