// One of Grafana's own components for each panel type that the lint rules allow; pie and text are drawn here.
import { FieldType, VizOrientation, getDisplayValueAlignmentFactors, getFieldDisplayValues } from '@grafana/data';
import { BarGauge, BigValue, BigValueColorMode, DataLinksContextMenu, TimeSeries, TooltipPlugin, VizRepeater, ZoomPlugin } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { chooseRange } from './address.js';
import { Donut } from './Donut.jsx';
import { Markdown } from './Markdown.jsx';
import { Marks } from './Marks.jsx';

// Rows beyond these are drawn when they are scrolled to.
const ALL_AT_ONCE = 60;

function displayValues({ fieldConfig, panel, frames, theme, timeZone, replace }) {
  const { options } = panel;
  return getFieldDisplayValues({
    fieldConfig,
    reduceOptions: options.reduceOptions,
    replaceVariables: replace,
    theme,
    data: frames,
    timeZone,
    sparkline: options.graphMode !== undefined && options.graphMode !== 'none',
    percentChange: options.showPercentChange,
  });
}

// One link is an anchor around the value, several open a menu; both by keyboard too.
function Linked({ value, children }) {
  if (!value.hasLinks || !value.getLinks) {
    return children();
  }
  return <DataLinksContextMenu links={value.getLinks} style={{ flexGrow: 1 }}>{(api) => <div {...api.triggerProps}>{children(api)}</div>}</DataLinksContextMenu>;
}

const zoom = ({ from, to }) => chooseRange(new Date(from).toISOString(), new Date(to).toISOString());

function Lines({ panel, frames, width, height, range, timeZone, marks }) {
  return (
    <TimeSeries frames={frames} timeRange={range} timeZone={timeZone} width={width} height={height}
      legend={panel.options.legend} options={panel.options} tweakScale={undefined} tweakAxis={undefined}>
      {(config, aligned) => (
        <>
          <TooltipPlugin config={config} data={aligned} timeZone={timeZone}
            mode={panel.options.tooltip?.mode ?? 'multi'} sortOrder={panel.options.tooltip?.sort} />
          <ZoomPlugin config={config} onZoom={zoom} />
          <Marks config={config} marks={marks} />
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
        <Linked value={value}>
          {(api) => (
            <BigValue value={value.display} count={count} sparkline={value.sparkline} theme={theme} width={w} height={h}
              colorMode={options.colorMode ?? BigValueColorMode.Value} graphMode={options.graphMode} text={options.text}
              justifyMode={options.justifyMode} textMode={options.textMode} wideLayout={options.wideLayout}
              percentChangeColorMode={options.percentChangeColorMode} className={api?.targetClassName} />
          )}
        </Linked>
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
        <Linked value={value}>
          {(api) => (
            <BarGauge value={value.display} field={value.field} width={w} height={h} orientation={orientation} theme={theme}
              display={value.view?.getFieldDisplayProcessor?.(value.colIndex)} displayMode={options.displayMode}
              showUnfilled={options.showUnfilled} itemSpacing={10} alignmentFactors={alignmentFactors} text={options.text}
              valueDisplayMode={options.valueMode} namePlacement={options.namePlacement} className={api?.targetClassName} />
          )}
        </Linked>
      )} />
  );
}

function Rows({ panel, fieldConfig, frames, width, height, range, timeZone }) {
  const { options = {} } = panel;
  return (
    <TableNG data={frames[0]} width={width} height={height} fieldConfig={fieldConfig} timeRange={range} timeZone={timeZone}
      structureRev={1} ariaLabel={panel.title} enableVirtualization={frames[0].length > ALL_AT_ONCE} cellHeight={options.cellHeight}
      noHeader={options.showHeader === false} sortBy={options.sortBy} />
  );
}

export const renderers = { timeseries: Lines, stat: Numbers, bargauge: Bars, table: Rows, piechart: Donut, text: Markdown };

// A chart that has no numbers is as empty as one without rows.
export const hasSomething = (type, frames) =>
  type === 'text' || frames.some((frame) => frame.fields.some((field) => field.values.length && (type === 'table' || field.type !== FieldType.time)));
