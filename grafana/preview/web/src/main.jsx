// Draws a committed dashboard with Grafana's own components, so that what is seen here is what the JSON says.
import './globals.js';
import { EventBusSrv, ThemeContext, createTheme } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { GlobalStyles, PanelContextProvider } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import { themeName } from './address.js';
import { listBoards, loadBoard } from './api.js';
import { Board } from './Board.jsx';

const theme = createTheme({ colors: { mode: themeName() } });
const root = createRoot(document.getElementById('root'));
const context = { eventBus: new EventBusSrv(), eventsScope: 'preview', sync: () => 0 };

function show(content) {
  root.render(
    <ThemeContext.Provider value={theme}>
      <PanelContextProvider value={context}>
        <GlobalStyles />
        <div style={{ minHeight: '100vh', background: theme.colors.background.canvas, color: theme.colors.text.primary }}>{content}</div>
      </PanelContextProvider>
    </ThemeContext.Provider>,
  );
}

async function start() {
  await initPluginTranslations('millrace-preview').catch(() => {}); // texts of components stay English
  const boards = await listBoards();
  const wanted = window.location.pathname.match(/^\/d\/([^/]+)/)?.[1];
  const board = await loadBoard(wanted ?? boards[0].uid);
  document.title = board.title;
  show(<Board board={board} theme={theme} />);
}

start().catch((error) => show(<p data-message="error" style={{ padding: 24 }}>{error.message}</p>));
