// A button that opens something below it. Escape, a click elsewhere and leaving by keyboard close it.
import { useEffect, useRef, useState } from 'react';
import { Icon } from '@grafana/ui';

export function Drop({ label, text, icon, atRight, children }) {
  const [open, setOpen] = useState(false);
  const root = useRef(null);
  const button = useRef(null);
  const close = () => {
    setOpen(false);
    button.current.focus();
  };
  useEffect(() => {
    const elsewhere = (event) => root.current?.contains(event.target) || setOpen(false);
    document.addEventListener('pointerdown', elsewhere);
    return () => document.removeEventListener('pointerdown', elsewhere);
  }, []);
  const onBlur = ({ relatedTarget }) => relatedTarget && !root.current.contains(relatedTarget) && setOpen(false);
  const onKeyDown = (event) => event.key === 'Escape' && open && close();
  return (
    <div className="drop" ref={root} onBlur={onBlur} onKeyDown={onKeyDown}>
      <button ref={button} type="button" className="control" aria-expanded={open} aria-label={`${label}: ${text}`} onClick={() => setOpen(!open)}>
        {icon && <Icon name={icon} />}
        {text}
        <Icon name="angle-down" />
      </button>
      {open && <div className={`choices${atRight ? ' at-right' : ''}`} role="group" aria-label={label}>{children(close)}</div>}
    </div>
  );
}
