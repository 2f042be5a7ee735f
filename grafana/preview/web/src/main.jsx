// Draws a committed dashboard with Grafana's own components, so that what is seen here is what the JSON says.
import './globals.js';
import './page.css';
import { useEffect, useMemo, useState } from 'react';
import { EventBusSrv, ThemeContext, createTheme } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { GlobalStyles } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import { followLinks, look, useAddress } from './address.js';
import { listBoards, loadBoard } from './api.js';
import { Board } from './Board.jsx';
import { Page } from './Page.js';
import { Toolbar } from './Toolbar.jsx';
import { wordsOf } from './words.js';

const themes = { dark: createTheme({ colors: { mode: 'dark' } }), light: createTheme({ colors: { mode: 'light' } }) };
const eventBus = new EventBusSrv();

function variablesOf({ colors }) {
  return {
    '--text': colors.text.primary, '--secondary': colors.text.secondary, '--error': colors.error.text, '--canvas': colors.background.canvas,
    '--primary': colors.background.primary, '--elevated': colors.background.elevated ?? colors.background.primary, '--border': colors.border.weak,
    '--control-border': colors.border.strong, '--input': colors.background.primary, '--hover': colors.action.hover, '--selected': colors.action.selected,
    '--focus': colors.primary.border, '--link': colors.text.link,
  };
}

// Returns { boards, board } of the address's dashboard and language, or { error }.
function useBoard(uid, language) {
  const [state, setState] = useState({ key: '' });
  const key = `${language} ${uid}`;
  useEffect(() => {
    const stop = new AbortController();
    const load = async () => {
      const boards = await listBoards(stop.signal);
      const wanted = uid ?? boards[0]?.uid;
      setState({ key, boards, board: null });
      const board = boards.some((one) => one.uid === wanted) ? await loadBoard(wanted, stop.signal) : undefined;
      setState({ key, boards, board });
    };
    load().catch((error) => error.name === 'AbortError' || setState({ key, boards: [], error: error.message }));
    return () => stop.abort();
  }, [key]);
  return state.key === key ? { key, ...state } : { key, boards: [], board: null };
}

function App() {
  useAddress();
  const { uid, language, mode } = look();
  const theme = themes[mode];
  const words = wordsOf(language);
  const { key, boards, board, error } = useBoard(uid, language);
  const page = useMemo(() => ({ theme, words, eventBus }), [theme, words]);
  useEffect(() => {
    document.documentElement.lang = language;
    document.documentElement.style.colorScheme = mode;
    document.body.style.background = theme.colors.background.canvas;
    document.title = board?.title ?? 'Millrace';
  }, [language, mode, theme, board]);
  useEffect(() => {
    document.addEventListener('click', followLinks);
    return () => document.removeEventListener('click', followLinks);
  }, []);
  const text = error ?? (board === undefined ? words.noDashboard : words.loading);
  return (
    <ThemeContext.Provider value={theme}>
      <Page.Provider value={page}>
        <GlobalStyles />
        <div className="page" style={variablesOf(theme)}>
          {board
            ? <Board key={key} board={board} boards={boards} />
            : (
              <>
                <Toolbar boards={boards} words={words} />
                <p role="status" data-message={board === null && !error ? 'loading' : 'error'} style={{ padding: 24 }}>{text}</p>
              </>
            )}
        </div>
      </Page.Provider>
    </ThemeContext.Provider>
  );
}

async function start() {
  await initPluginTranslations('millrace-preview').catch(() => {}); // texts of components stay English
  createRoot(document.getElementById('root')).render(<App />);
}

start();
