import { cpSync } from 'node:fs';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// Grafana's components fetch their icons from this path; without the copy every icon is missing.
const icons = {
  name: 'grafana-icons',
  closeBundle() {
    cpSync('node_modules/@grafana/ui/dist/public/img', 'dist/public/build/img', { recursive: true });
  },
};

export default defineConfig({
  plugins: [react(), icons],
  build: { outDir: 'dist', chunkSizeWarningLimit: 9999 },
});
