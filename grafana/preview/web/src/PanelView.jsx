import { Component, useCallback, useContext, useEffect, useMemo, useState } from 'react';
import { LoadingState, dateTime, getFieldDisplayName } from '@grafana/data';
import { PanelChrome, PanelContextProvider, SeriesVisibilityChangeMode } from '@grafana/ui';
import { fieldConfigOf, readyFrames } from './fieldConfig.js';
import { interpolator } from './interpolate.js';
import { Page } from './Page.js';
import { PanelLinks, linksOf } from './PanelLinks.jsx';
import { hasSomething, renderers } from './renderers.jsx';
import { usePanelData } from './usePanelData.js';

const timeZone = 'utc';
const HIDDEN = { viz: true, legend: false, tooltip: true };

// A fault in one panel must not take the others off the screen.
class Boundary extends Component {
  state = {};

  static getDerivedStateFromError(error) {
    return { error };
  }

  render() {
    return this.state.error ? <Message text={`${this.props.text}: ${this.state.error.message}`} kind="broken" /> : this.props.children;
  }
}

function Message({ text, kind, height }) {
  return <div className={`message ${kind}`} data-message={kind} role={kind === 'error' ? 'alert' : undefined} style={{ height }}>{text}</div>;
}

function Body({ panel, data, frames, fieldConfig, width, height, range, marks, replace }) {
  const { theme, words } = useContext(Page);
  if (data.error) {
    return <Message kind="error" text={data.error} height={height} />;
  }
  if (!hasSomething(panel.type, frames)) {
    const text = data.loading ? words.loading : (panel.fieldConfig?.defaults?.noValue ?? words.noData);
    return <Message kind={data.loading ? 'loading' : 'empty'} text={text} height={height} />;
  }
  const Renderer = renderers[panel.type];
  if (!Renderer) {
    return <Message kind="broken" text={`${words.unknownType} ${panel.type}`} height={height} />;
  }
  return (
    <div data-painted style={{ width, height }}>
      <Renderer panel={panel} fieldConfig={fieldConfig} frames={frames} width={width} height={height} range={range}
        theme={theme} timeZone={timeZone} marks={marks} replace={replace} words={words} />
    </div>
  );
}

// A click on a legend's name shows that series alone or all again; with Ctrl it hides and shows the one.
function useHidden(names) {
  const [hidden, setHidden] = useState([]);
  const toggle = useCallback((label, mode) => setHidden((before) => {
    if (mode === SeriesVisibilityChangeMode.AppendToSelection) {
      return before.includes(label) ? before.filter((name) => name !== label) : [...before, label];
    }
    const others = names.filter((name) => name !== label);
    return before.length && others.every((name) => before.includes(name)) ? [] : others;
  }), [names]);
  return [hidden, toggle];
}

const namesOf = (frames) => frames.flatMap((frame) => frame.fields.map((field) => getFieldDisplayName(field, frame, frames)));

function usePrepared(panel, data, found, asked) {
  const { theme, words } = useContext(Page);
  const replace = useMemo(
    () => interpolator({ ...asked, values: found?.values ?? {}, options: { ...found?.options, all: words.all }, range: data.range }),
    [asked, found, data.range, words],
  );
  const plain = useMemo(() => fieldConfigOf(panel), [panel]);
  const ready = useMemo(() => readyFrames(plain, data.frames, theme, timeZone, replace), [plain, data.frames, theme, replace]);
  const names = useMemo(() => namesOf(ready), [ready]);
  const [hidden, toggle] = useHidden(names);
  const fieldConfig = useMemo(() => ({
    ...plain,
    overrides: [...plain.overrides, ...hidden.map((name) =>
      ({ matcher: { id: 'byName', options: name }, properties: [{ id: 'custom.hideFrom', value: HIDDEN }] }))],
  }), [plain, hidden]);
  const frames = useMemo(
    () => (hidden.length ? readyFrames(fieldConfig, data.frames, theme, timeZone, replace) : ready),
    [hidden, fieldConfig, data.frames, theme, replace, ready],
  );
  return { replace, fieldConfig, frames, toggle };
}

export function PanelView({ uid, panel, asked, found, tick, width, height, marks, sync, onLoading }) {
  const { words, eventBus } = useContext(Page);
  const data = usePanelData(uid, panel, asked, width, tick);
  const { replace, fieldConfig, frames, toggle } = usePrepared(panel, data, found, asked);
  const range = useMemo(() => {
    const raw = { from: dateTime(data.range?.from), to: dateTime(data.range?.to) };
    return { ...raw, raw };
  }, [data.range]);
  useEffect(() => {
    onLoading(panel.id, data.loading);
    return () => onLoading(panel.id, false);
  }, [panel.id, data.loading, onLoading]);
  const context = useMemo(() => ({ eventBus, eventsScope: 'preview', sync: () => sync, onToggleSeriesVisibility: toggle }), [eventBus, sync, toggle]);
  const title = replace(panel.title, undefined, 'text');
  const links = linksOf(panel, frames, replace);
  return (
    <div data-panel={panel.id} data-type={panel.type} data-title={title} data-loaded={String(data.range !== null || data.error !== '')}>
      <PanelContextProvider value={context}>
        <PanelChrome width={width} height={height} title={title} description={replace(panel.description, undefined, 'text')}
          displayMode={panel.transparent ? 'transparent' : 'default'} hoverHeader={!title}
          titleItems={links.length ? <PanelLinks links={links} words={words} /> : undefined}
          loadingState={data.loading ? LoadingState.Loading : LoadingState.Done}>
          {(innerWidth, innerHeight) => (
            <Boundary text={words.panelBroken}>
              <Body panel={panel} data={data} frames={frames} fieldConfig={fieldConfig} width={innerWidth} height={innerHeight}
                range={range} marks={marks} replace={replace} />
            </Boundary>
          )}
        </PanelChrome>
      </PanelContextProvider>
    </div>
  );
}
