"""The fault suite's harness: what breaks things, and what counts independently afterwards."""
