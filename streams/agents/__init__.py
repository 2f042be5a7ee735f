"""Faust agents: one module each, three lines thick."""
