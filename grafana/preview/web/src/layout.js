// Where panels stand: Grafana's grid of 24 columns, or one below the other on a narrow screen.
export const COLUMNS = 24;
export const ROW = 30;
export const GAP = 8;
export const NARROW = 769;

// A row owns the panels up to the next row, or those that it holds itself when it is shut on disk.
export function sections(board, toggled) {
  const found = [{ row: null, panels: [], open: true }];
  for (const panel of [...board.panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x)) {
    if (panel.type === 'row') {
      const open = Boolean(panel.collapsed) === toggled.includes(String(panel.id));
      found.push({ row: panel, panels: [...(panel.panels ?? [])], open });
    } else {
      found.at(-1).panels.push(panel);
    }
  }
  return found;
}

// Returns { places: [{ panel, box, isOpen }], height } in pixels; panels of shut rows have no place.
export function layout(board, toggled, width) {
  const narrow = width < NARROW;
  const column = (width - GAP) / COLUMNS;
  const unit = ROW + GAP;
  const places = [];
  let line = 0;
  for (const { row, panels, open } of sections(board, toggled)) {
    if (row) {
      places.push({ panel: row, isOpen: open, box: { left: GAP, top: GAP + line * unit, width: width - 2 * GAP, height: ROW } });
      line += 1;
    }
    const shown = open ? panels : [];
    const first = Math.min(...shown.map(({ gridPos }) => gridPos.y));
    let bottom = line;
    for (const panel of shown) {
      const { x, y, w, h } = panel.gridPos;
      const top = narrow ? bottom : line + y - first;
      const box = narrow ? { left: GAP, width: width - 2 * GAP } : { left: GAP + x * column, width: w * column - GAP };
      places.push({ panel, isOpen: true, box: { ...box, top: GAP + top * unit, height: h * ROW + (h - 1) * GAP } });
      bottom = Math.max(bottom, top + h);
    }
    line = bottom;
  }
  return { places, height: GAP + line * unit };
}
