// Grafana's annotation plugin is not published; a drawing hook gives the same dashed lines.
import { useLayoutEffect, useRef } from 'react';

export function Marks({ config, frames, color }) {
  const newest = useRef(frames);
  newest.current = frames;
  useLayoutEffect(() => {
    config.addHook('draw', (plot) => {
      const { ctx, bbox } = plot;
      ctx.save();
      ctx.strokeStyle = color;
      ctx.setLineDash([4, 4]);
      for (const moment of newest.current.flatMap((frame) => frame.fields.find((field) => field.name === 'time')?.values ?? [])) {
        const x = plot.valToPos(moment, 'x', true);
        if (x >= bbox.left && x <= bbox.left + bbox.width) {
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
        }
      }
      ctx.restore();
    });
  }, [config, color]);
  return null;
}
