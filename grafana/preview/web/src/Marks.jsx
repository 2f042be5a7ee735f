// Grafana's annotation plugin is not published; a drawing hook gives the same dashed lines and shaded stretches.
import { useEffect, useLayoutEffect, useRef } from 'react';
import { colorManipulator } from '@grafana/data';

const column = (frame, name) => frame.fields.find((field) => field.name === name)?.values ?? [];

export function marksOf(annotations, answers, theme) {
  return answers.flatMap((answer, index) => answer.frames.flatMap((frame) => {
    const ends = column(frame, 'timeEnd');
    const color = theme.visualization.getColorByName(annotations[index].iconColor ?? 'blue');
    return column(frame, 'time').map((time, row) => ({ time, end: ends[row] ?? time, color }));
  }));
}

function draw(plot, { time, end, color }) {
  const { ctx, bbox } = plot;
  const clamp = (x) => Math.min(Math.max(x, bbox.left), bbox.left + bbox.width);
  const [left, right] = [plot.valToPos(time, 'x', true), plot.valToPos(end, 'x', true)];
  ctx.strokeStyle = color;
  ctx.fillStyle = colorManipulator.alpha(color, 0.15);
  if (end > time) {
    ctx.fillRect(clamp(left), bbox.top, clamp(right) - clamp(left), bbox.height);
  }
  for (const x of new Set([left, right])) {
    if (x >= bbox.left && x <= bbox.left + bbox.width) {
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
  }
}

export function Marks({ config, marks }) {
  const newest = useRef(marks);
  const drawn = useRef(null);
  newest.current = marks;
  // They may come after the chart was drawn.
  useEffect(() => drawn.current?.redraw(false), [marks]);
  useLayoutEffect(() => {
    config.addHook('destroy', (plot) => {
      drawn.current = drawn.current === plot ? null : drawn.current;
    });
    config.addHook('draw', (plot) => {
      drawn.current = plot;
      plot.ctx.save();
      plot.ctx.setLineDash([4, 4]);
      newest.current.forEach((mark) => draw(plot, mark));
      plot.ctx.restore();
    });
  }, [config]);
  return null;
}
