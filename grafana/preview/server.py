"""Serves the preview page on this machine only, and the answers of registered panels to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, unquote, urlsplit

from millrace.grafana.frames import FrameError
from millrace.grafana.generated import dashboards
from millrace.grafana.preview.choices import ChoiceError
from millrace.grafana.preview.panel_queries import (
    Boards,
    Given,
    NotRegistered,
    PanelQueries,
    Run,
)
from millrace.grafana.preview.plain_page import plain_page
from millrace.grafana.preview.values import variables
from millrace.grafana.sql_text import MacroError
from millrace.schemas.errors import ConfigurationError, MillraceError

#: A page elsewhere may name any host it likes and resolve it to us; only these are ours.
HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
_POLICY = (
    "default-src 'self'; script-src 'self'; connect-src 'self';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
    " font-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'none'"
)
#: A panel has room for so many letters; the store's log has the rest.
LONGEST_ERROR = 240


class PreviewServer:
    """An HTTP server in a thread of this process; port 0 takes a free one.

    ``run`` gets SQL and returns ClickHouse's JSONCompact answer; it is called from several
    threads. ``pages`` is what ``build_pages`` returned; without it the figures are plain tables.
    ``boards`` returns the dashboards of a language by uid. Raises ConfigurationError when the port
    is taken.
    """

    def __init__(
        self, port: int, run: Run, pages: Path | None, boards: Boards = dashboards
    ) -> None:
        queries = PanelQueries(run, boards=boards)

        class Handler(_Handler):
            panel_queries = queries
            page_folder = pages.resolve() if pages else None

        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        except OSError as error:
            raise ConfigurationError(
                f"The preview cannot listen on port {port} ({error.strerror}); choose another"
            ) from None
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="preview", daemon=True
        )

    @property
    def url(self) -> str:
        """The address to open, without a slash at its end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port; does nothing the second time."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30  # a connection left open must not hold its thread for ever
    panel_queries: ClassVar[PanelQueries]
    page_folder: ClassVar[Path | None]

    def do_GET(self) -> None:
        """Answer one request; whatever goes wrong is one sentence."""
        if not self._is_ours():
            self._json(403, {"error": "This address answers only to pages of this machine"})
            return
        address = urlsplit(self.path)
        parts = [unquote(part) for part in address.path.split("/")[1:]]
        try:
            given = parse_qs(address.query, keep_blank_values=True, max_num_fields=500)
        except ValueError:
            self._json(400, {"error": "The address has too many parameters"})
            return
        if parts[0] == "api":
            self._json(*answer(self.panel_queries, parts[1:], given))
            return
        is_board = parts == [""] or (parts[0] == "d" and len(parts) == 2)  # as in Grafana
        if self.page_folder is None:
            self._plain(parts[1:] if is_board else None, given)
        else:
            self._file(self.page_folder, [""] if is_board else parts)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal belongs to the pipeline's own messages."""

    def _is_ours(self) -> bool:
        host = self.headers.get("Host", "")
        origin = self.headers.get("Origin")
        name = host.rsplit(":", 1)[0] if host.rpartition(":")[2].isdigit() else host
        return name in HOSTS and origin in {None, f"http://{host}"}

    def _plain(self, uid: list[str] | None, given: Given) -> None:
        if uid is None:
            self._json(404, {"error": "There is no such page"})
            return

        def ask(*names: str) -> Mapping[str, Any]:
            body: Mapping[str, Any] = answer(self.panel_queries, ["panels", *names], given)[1]
            return body

        boards = self.panel_queries.boards(given)
        wanted = uid[0] if uid else None
        page = plain_page(boards, wanted, given, ask)
        self._send(200, _TYPES[".html"], page.encode())

    def _file(self, folder: Path, parts: list[str]) -> None:
        path = folder.joinpath(*[part for part in parts if part] or ["index.html"]).resolve()
        kind = _TYPES.get(path.suffix)
        if kind is None or not path.is_relative_to(folder) or not path.is_file():
            self._json(404, {"error": "There is no such page"})
            return
        self._send(200, kind, path.read_bytes(), cached="assets" in parts)

    def _json(self, status: int, body: Any) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _send(self, status: int, kind: str, body: bytes, *, cached: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "max-age=31536000, immutable" if cached else "no-store")
        self.end_headers()
        self.wfile.write(body)


def answer(queries: PanelQueries, parts: list[str], given: Given) -> tuple[int, Any]:
    """Return status and body for the parts of an address after ``/api/``."""
    try:
        match parts:
            case ["dashboards"]:
                return 200, [_summary(board) for board in queries.boards(given)]
            case ["dashboards", uid]:
                return 200, queries.board(uid, given)
            case ["panels", uid, panel_id, ref_id]:
                return 200, queries.panel(uid, panel_id, ref_id, given)
            case ["annotations", uid, name]:
                return 200, queries.annotation(uid, name, given)
            case ["variables", uid, name]:
                return 200, [asdict(option) for option in queries.options(uid, name, given)]
    except NotRegistered as error:
        return 404, {"error": str(error)}
    except (ChoiceError, MacroError) as error:
        return 400, {"error": str(error)}
    except (MillraceError, FrameError) as error:
        lines = str(error).strip().splitlines() or ["The store refused the query"]
        return 502, {"error": _shortened(lines[0])}
    return 404, {"error": "There is no such address"}


def _summary(board: Mapping[str, Any]) -> dict[str, Any]:
    return {"uid": board["uid"], "title": board["title"], "variables": list(variables(board))}


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_ERROR else text[: LONGEST_ERROR - 1] + "…"
