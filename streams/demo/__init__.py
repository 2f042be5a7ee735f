"""Live host metrics and simulated services that feed the demo."""
