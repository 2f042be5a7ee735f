// A small part of Markdown, made of elements and never of HTML text: headings, paragraphs, lists, links, bold, italic, code.
import { stayHere } from './fieldConfig.js';

const INLINE = /\[([^\]]+)\]\(([^)\s]+)\)|\*\*([^*]+)\*\*|\*([^*]+)\*|`([^`]+)`/g;

function Link({ href, children }) {
  const target = stayHere(href);
  const away = target.startsWith('/') ? {} : { target: '_blank', rel: 'noreferrer' };
  return <a className="text-link" href={target} {...away}>{children}</a>;
}

function inline(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    const [whole, label, href, bold, italic, code] = found;
    parts.push(text.slice(end, found.index));
    end = found.index + whole.length;
    const key = found.index;
    if (href) {
      parts.push(<Link key={key} href={href}>{label}</Link>);
    } else if (bold) {
      parts.push(<strong key={key}>{inline(bold)}</strong>);
    } else {
      parts.push(italic ? <em key={key}>{italic}</em> : <code key={key} style={{ fontFamily: 'monospace' }}>{code}</code>);
    }
  }
  return [...parts, text.slice(end)];
}

const LIST = /^\s*(?:[-*]|\d+\.)\s+/;

function Block({ text }) {
  const lines = text.split('\n');
  const heading = /^(#{1,4})\s+(.*)$/.exec(lines[0]);
  if (heading) {
    const Tag = `h${Math.min(6, heading[1].length + 1)}`;
    const rest = lines.slice(1).join('\n').trim();
    return <><Tag style={{ margin: '0 0 4px' }}>{inline(heading[2])}</Tag>{rest && <Block text={rest} />}</>;
  }
  if (lines.every((line) => LIST.test(line))) {
    const Tag = /^\s*\d/.test(lines[0]) ? 'ol' : 'ul';
    return <Tag style={{ margin: '0 0 8px', paddingLeft: 20 }}>{lines.map((line) => <li key={line}>{inline(line.replace(LIST, ''))}</li>)}</Tag>;
  }
  return <p style={{ margin: '0 0 8px' }}>{inline(lines.join(' '))}</p>;
}

export function Markdown({ panel, width, height, replace }) {
  const text = replace(panel.options?.content ?? '', undefined, 'text');
  const blocks = text.split(/\n\s*\n/).map((block) => block.trim()).filter(Boolean);
  return <div style={{ width, height, overflow: 'auto' }} tabIndex={0}>{blocks.map((block) => <Block key={block} text={block} />)}</div>;
}
