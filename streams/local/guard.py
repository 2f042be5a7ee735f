"""Run a command that dies with its parent: ``guard.py PARENT_PID COMMAND...``.

It asks the kernel for the signal and then becomes the command, so that no code has to run between
fork and exec in a parent that has threads. Kept free of imports of ours: it starts before each
child and must be quick.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Arrange the death signal where the system can, then become the command."""
    parent, command = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the kernel was asked
            sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
