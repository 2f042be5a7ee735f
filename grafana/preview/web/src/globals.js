// Grafana's components read these at import, so this module comes before all others.
window.__grafana_public_path__ = '/public/';
window.grafanaBootData = { settings: {}, user: {} };
