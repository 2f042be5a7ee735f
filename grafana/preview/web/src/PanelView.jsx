import { Component, useMemo } from 'react';
import { LoadingState, dateTime } from '@grafana/data';
import { PanelChrome } from '@grafana/ui';
import { fieldConfigOf, readyFrames } from './fieldConfig.js';
import { renderers } from './renderers.jsx';
import { usePanelData } from './usePanelData.js';

// A fault in one panel must not take the others off the screen.
class Boundary extends Component {
  state = {};

  static getDerivedStateFromError(error) {
    return { error };
  }

  render() {
    return this.state.error ? <Message text={`This panel cannot be drawn: ${this.state.error.message}`} kind="broken" /> : this.props.children;
  }
}

function Message({ text, kind, height, color }) {
  return (
    <div data-message={kind} style={{ height: height ?? '100%', display: 'grid', placeItems: 'center', textAlign: 'center', color }}>
      {text}
    </div>
  );
}

function Body({ panel, data, width, height, theme, timeZone, marks }) {
  const fieldConfig = useMemo(() => fieldConfigOf(panel), [panel]);
  const frames = useMemo(() => readyFrames(fieldConfig, data.frames, theme, timeZone), [fieldConfig, data.frames, theme, timeZone]);
  const range = useMemo(() => {
    const raw = { from: dateTime(data.range?.from), to: dateTime(data.range?.to) };
    return { ...raw, raw };
  }, [data.range]);
  if (data.error) {
    return <Message kind="error" text={data.error} height={height} color={theme.colors.error.text} />;
  }
  if (!frames.some((frame) => frame.fields.some((field) => field.values.length))) {
    const text = data.loading ? '' : (panel.fieldConfig?.defaults?.noValue ?? 'No data');
    return <Message kind={data.loading ? 'loading' : 'empty'} text={text} height={height} color={theme.colors.text.secondary} />;
  }
  const Renderer = renderers[panel.type];
  if (!Renderer) {
    return <Message kind="broken" text={`The preview cannot draw the type ${panel.type}`} height={height} />;
  }
  return (
    <Renderer panel={panel} fieldConfig={fieldConfig} frames={frames} width={width} height={height} range={range}
      theme={theme} timeZone={timeZone} marks={marks} />
  );
}

export function PanelView({ uid, panel, choice, tick, width, height, theme, timeZone, marks }) {
  const data = usePanelData(uid, panel, choice, width, tick);
  return (
    <div data-panel={panel.id} data-type={panel.type} data-loaded={String(data.range !== null || data.error !== '')}>
      <PanelChrome width={width} height={height} title={panel.title} description={panel.description}
        loadingState={data.loading ? LoadingState.Loading : LoadingState.Done}>
        {(innerWidth, innerHeight) => (
          <Boundary>
            <Body panel={panel} data={data} width={innerWidth} height={innerHeight} theme={theme} timeZone={timeZone} marks={marks} />
          </Boundary>
        )}
      </PanelChrome>
    </div>
  );
}
