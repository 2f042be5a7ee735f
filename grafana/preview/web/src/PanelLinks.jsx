// A panel's own links and those of its series, in its title: the keyboard reaches them there.
import { Dropdown, Icon, IconButton, Menu } from '@grafana/ui';
import { stayHere } from './fieldConfig.js';

const lastRow = (field) => Math.max(0, field.values.findLastIndex((value) => value !== null && value !== undefined));

export function linksOf(panel, frames, replace) {
  const own = (panel.links ?? []).map(({ title, url, targetBlank }) => ({
    title: replace(title, undefined, 'text'),
    href: stayHere(replace(url, undefined, 'uriencode')),
    target: targetBlank ? '_blank' : undefined,
  }));
  const fields = panel.type === 'timeseries' ? frames.flatMap((frame) => frame.fields.filter(({ type }) => type === 'number')) : [];
  const series = fields.flatMap((field) => field.getLinks?.({ valueRowIndex: lastRow(field) }) ?? []);
  const all = [...own, ...series];
  return all.filter(({ href }, index) => all.findIndex((one) => one.href === href) === index);
}

export function PanelLinks({ links, words }) {
  if (!links.length) {
    return null;
  }
  if (links.length === 1) {
    const [{ href, title, target }] = links;
    return <a className="panel-link" href={href} target={target} title={title} aria-label={title}><Icon name="link" /></a>;
  }
  const menu = <Menu>{links.map(({ href, title, target }) => <Menu.Item key={href} label={title} url={href} target={target} />)}</Menu>;
  return <Dropdown overlay={menu}><IconButton name="link" aria-label={words.links} /></Dropdown>;
}
