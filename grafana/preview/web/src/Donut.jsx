// Grafana's pie chart is not published. This one reads the same options, so that colours, units and legend are seen.
import { formattedValueToString, getFieldDisplayValues } from '@grafana/data';
import { DataLinksContextMenu } from '@grafana/ui';

const R = 45;
const HOLE = 27;

function point(share, radius) {
  const angle = 2 * Math.PI * share - Math.PI / 2;
  return `${50 + radius * Math.cos(angle)} ${50 + radius * Math.sin(angle)}`;
}

function ring(start, end, hole) {
  // A whole ring begins where it ends, which an arc cannot say.
  const stop = Math.min(end, start + 0.99999);
  const large = stop - start > 0.5 ? 1 : 0;
  return `M${point(start, R)}A${R} ${R} 0 ${large} 1 ${point(stop, R)}L${point(stop, hole)}A${hole} ${hole} 0 ${large} 0 ${point(start, hole)}Z`;
}

function Linked({ part, children }) {
  return part.hasLinks ? <DataLinksContextMenu links={part.getLinks}>{() => children}</DataLinksContextMenu> : children;
}

export function Donut({ panel, fieldConfig, frames, width, height, theme, timeZone, replace, words }) {
  const { options } = panel;
  const parts = getFieldDisplayValues({
    fieldConfig, reduceOptions: options.reduceOptions, replaceVariables: replace, theme, data: frames, timeZone,
  }).filter((part) => part.display.numeric > 0);
  const total = parts.reduce((sum, part) => sum + part.display.numeric, 0);
  const legend = options.legend ?? {};
  const wanted = new Set(legend.values ?? []);
  const beside = legend.placement === 'right' && width > 260;
  const hole = options.pieType === 'donut' ? HOLE : 0;
  const lines = legend.showLegend === false ? 0 : parts.length + 1;
  const size = Math.max(40, beside ? Math.min(height, width * 0.5) : Math.min(width, height - lines * 22));
  const share = (part) => `${((100 * part.display.numeric) / total).toFixed(1)} %`;
  let before = 0;
  const slices = parts.map((part) => ({ part, start: before / total, end: (before += part.display.numeric) / total }));
  return (
    <div style={{ width, height, display: 'flex', flexDirection: beside ? 'row' : 'column', alignItems: 'center', justifyContent: 'center', gap: 12, overflow: 'hidden' }}>
      <svg width={size} height={size} viewBox="0 0 100 100" role="img" style={{ flex: 'none' }}
        aria-label={parts.map((part) => `${part.display.title}: ${formattedValueToString(part.display)}, ${share(part)}`).join('; ')}>
        {slices.map(({ part, start, end }) => (
          <path key={part.display.title} d={ring(start, end, hole)} fill={part.display.color} stroke={theme.colors.background.primary} strokeWidth={0.6}>
            <title>{`${part.display.title}: ${formattedValueToString(part.display)} (${share(part)})`}</title>
          </path>
        ))}
      </svg>
      {lines > 0 && (
        <table style={{ fontSize: 12, maxWidth: '100%' }}>
          <thead><tr style={{ color: theme.colors.text.secondary, textAlign: 'right' }}>
            <td />{wanted.has('value') && <th scope="col" style={{ padding: '0 8px' }}>{words.value}</th>}
            {wanted.has('percent') && <th scope="col">{words.percent}</th>}
          </tr></thead>
          <tbody>
            {parts.map((part) => (
              <tr key={part.display.title} style={{ textAlign: 'right' }}>
                <th scope="row" style={{ fontWeight: 400, textAlign: 'left' }}>
                  <span aria-hidden style={{ display: 'inline-block', width: 14, height: 4, borderRadius: 2, marginRight: 8, verticalAlign: 'middle', background: part.display.color }} />
                  <Linked part={part}><span>{part.display.title}</span></Linked>
                </th>
                {wanted.has('value') && <td style={{ padding: '0 8px' }}>{formattedValueToString(part.display)}</td>}
                {wanted.has('percent') && <td>{share(part)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
