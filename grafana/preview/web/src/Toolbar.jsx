import { Icon } from '@grafana/ui';
import { addressOf, chooseLook, chooseRefresh, look, refreshes } from './address.js';
import { Drop } from './Drop.jsx';
import { RangeChoice } from './RangeChoice.jsx';
import { chosenBy } from './useVariables.js';
import { VariableChoice } from './VariableChoice.jsx';
import { LANGUAGES } from './words.js';

function Menu({ boards, uid, words }) {
  return (
    <nav aria-label={words.dashboards}>
      <Drop label={words.dashboards} text={words.dashboards} icon="bars">
        {(close) => boards.map((one) => (
          <a key={one.uid} href={addressOf(one)} aria-current={one.uid === uid ? 'page' : undefined} onClick={close}>{one.title}</a>
        ))}
      </Drop>
    </nav>
  );
}

// A dashboard's links to other addresses; those to dashboards keep range and variables, as in Grafana.
function Links({ board, boards }) {
  const links = (board.links ?? []).filter(({ type }) => type === 'link');
  const hrefOf = ({ url }) => {
    const target = boards.find(({ uid }) => url === `/d/${uid}`);
    return target ? addressOf(target) : url;
  };
  return links.length > 0 && (
    <nav className="page-links" aria-label={board.title}>
      {links.map((link) => <a key={link.title} href={hrefOf(link)} title={link.tooltip}>{link.title}</a>)}
    </nav>
  );
}

function Look({ words }) {
  const { language, mode } = look();
  const other = mode === 'dark' ? 'light' : 'dark';
  return (
    <>
      <div className="joined" role="group" aria-label={words.language}>
        {Object.entries(LANGUAGES).map(([code, name]) => (
          <button key={code} type="button" className="control" lang={code} aria-label={name} aria-pressed={code === language}
            onClick={() => chooseLook('lang', code)}>
            {code.toUpperCase()}
          </button>
        ))}
      </div>
      <button type="button" className="control" aria-label={words[other]} title={words[other]} onClick={() => chooseLook('theme', other)}>
        <Icon name="adjust-circle" />
      </button>
    </>
  );
}

function Refresh({ board, choice, words, onRefresh, loading }) {
  const periods = [...new Set(['', ...refreshes(board), choice.refresh])];
  return (
    <div className="joined">
      <button type="button" className="control" aria-label={words.refresh} title={words.refresh} aria-busy={loading} onClick={onRefresh}>
        <Icon name="sync" className={loading ? 'turning' : ''} />
      </button>
      <select className="control" aria-label={words.refreshEvery} value={choice.refresh} onChange={({ target }) => chooseRefresh(target.value)}>
        {periods.map((period) => <option key={period} value={period}>{period || words.off}</option>)}
      </select>
    </div>
  );
}

export function Toolbar({ boards, board, choice, found, words, onRefresh, loading }) {
  const variables = board ? chosenBy(board).filter(({ hide }) => hide !== 2) : [];
  return (
    <header className="page-header">
      <div className="page-line">
        <Menu boards={boards} uid={board?.uid} words={words} />
        <h1>{board?.title ?? 'Millrace'}</h1>
        {board && <Links board={board} boards={boards} />}
        {board && <RangeChoice board={board} choice={choice} words={words} />}
        {board && <Refresh board={board} choice={choice} words={words} onRefresh={onRefresh} loading={loading} />}
        <Look words={words} />
      </div>
      {variables.length > 0 && (
        <div className="page-line">
          {variables.map((variable) => (
            <VariableChoice key={variable.name} variable={variable} words={words}
              options={found?.options[variable.name] ?? []} values={found?.values[variable.name] ?? []} />
          ))}
        </div>
      )}
    </header>
  );
}
