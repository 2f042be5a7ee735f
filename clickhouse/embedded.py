"""A ClickHouse for one machine: chDB in its own process, reached over HTTP like any server.

``EmbeddedServer`` starts and stops it; ``python -m millrace.clickhouse.embedded`` is the process.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Final

from millrace.schemas.errors import ConfigurationError, MillraceError, StoreError

DATABASE: Final = "millrace"
_READY: Final = "ready "
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 8.0


class EmbeddedServer:
    """The store's process on one directory; a context manager.

    Starting blocks until it answers and raises StoreError with the process's own sentence when it
    cannot, for instance because a live process has the directory. The data stays after the stop.
    The process stops when this one is gone, however that ends.
    """

    def __init__(self, data: Path, port: int = 0) -> None:
        self._data = data
        self._wanted_port = port
        self._process: subprocess.Popen[str] | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Where the store answers, with the database that Millrace uses."""
        return _url(self._port)

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return self._port

    @property
    def pid(self) -> int:
        """The process's id; 0 when it does not run."""
        return self._process.pid if self._process else 0

    def start(self) -> EmbeddedServer:
        """Start the process and wait until it answers."""
        command = [sys.executable, "-m", "millrace.clickhouse.embedded"]
        command += ["--data", str(self._data), "--port", str(self._wanted_port), "--child"]
        self._process = subprocess.Popen(
            command,
            # Its end of file tells the process that this one is gone.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # DateTime without a time zone means UTC, as on a server.
            env={**os.environ, "TZ": "UTC"},
            # Ctrl-C in a terminal goes to the whole group; the store stops last, when told.
            start_new_session=True,
        )
        line = _first_line(self._process, _START_SECONDS)
        if not line.startswith(_READY):
            self.stop()
            raise StoreError(line.strip() or f"The embedded store on {self._data} did not start")
        self._port = int(line.removeprefix(_READY))
        return self

    def stop(self) -> None:
        """Stop the process; a statement under way is finished first."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> EmbeddedServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}/{DATABASE}"


def _first_line(process: subprocess.Popen[str], timeout: float) -> str:
    assert process.stdout is not None
    watchdog = threading.Timer(timeout, process.kill)
    watchdog.start()
    try:
        return process.stdout.readline()
    finally:
        watchdog.cancel()


def serve(data: Path, port: int, stop: threading.Event) -> None:
    """Serve the directory until the event is set; prints one line when it answers."""
    # Imported here: only the process itself needs the engine, which weighs 600 MB on disk.
    from millrace.clickhouse.data_directory import STORE, DataDirectory
    from millrace.clickhouse.engine import Engine, Statement
    from millrace.clickhouse.ghost_tokens import forget_ghosts
    from millrace.clickhouse.http_interface import HttpServer

    with DataDirectory(data) as directory:
        forget_ghosts(directory.path / STORE)
        engine = Engine(directory.path / STORE)
        engine.run(Statement(f"CREATE DATABASE IF NOT EXISTS {DATABASE}".encode()))
        try:
            server = HttpServer(engine, port)
        except OSError as error:
            raise ConfigurationError(
                f"The embedded store cannot listen on port {port}: {error.strerror}"
            ) from None
        with server:
            loop = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            loop.start()
            directory.note(_url(server.server_port))
            print(f"{_READY}{server.server_port}", flush=True)
            stop.wait()
            server.shutdown()
            server.wait_until_idle(_STOP_SECONDS - 3)
        engine.close()


def main(arguments: list[str] | None = None) -> int:
    """Run the store's process until SIGTERM, SIGINT or the loss of its parent."""
    parser = argparse.ArgumentParser(prog="millrace.clickhouse.embedded")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--child", action="store_true", help="stop at the end of standard input")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if options.child:
        threading.Thread(target=_stop_with_parent, args=(stop,), daemon=True).start()
    try:
        serve(options.data, options.port, stop)
    except MillraceError as error:
        print(error, flush=True)
        return 1
    return 0


def _stop_with_parent(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()


if __name__ == "__main__":
    code = main()
    # The interpreter's own end waits for the engine's threads; everything is closed already.
    sys.stdout.flush()
    os._exit(code)
