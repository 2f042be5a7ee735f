import { cpSync } from 'node:fs';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// Grafana's components fetch icons and fonts from these paths; without the copies they are missing.
const FONTS = ['Regular', 'Medium', 'Italic', 'MediumItalic'];
const publicFiles = {
  name: 'grafana-public-files',
  closeBundle() {
    cpSync('node_modules/@grafana/ui/dist/public/img', 'dist/public/build/img', { recursive: true });
    for (const font of FONTS) {
      cpSync(`node_modules/inter-ui/web/Inter-${font}.woff2`, `dist/public/fonts/inter/Inter-${font}.woff2`);
    }
  },
};

export default defineConfig({
  plugins: [react(), publicFiles],
  build: { outDir: 'dist', chunkSizeWarningLimit: 9999 },
});
