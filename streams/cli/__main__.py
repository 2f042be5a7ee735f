"""``python -m millrace.streams.cli`` is the ``millrace`` command."""

from __future__ import annotations

from millrace.streams.cli import main

if __name__ == "__main__":
    main()
