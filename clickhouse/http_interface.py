"""ClickHouse's HTTP interface, as far as its ordinary clients use it, in front of the engine.

Left out: sessions, users, external tables, ClickHouse's own block compression and progress.
"""

from __future__ import annotations

import gzip
import json
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, cast
from urllib.parse import parse_qsl, urlsplit

import lz4.frame
import zstandard

from millrace.clickhouse.engine import Answer, Engine, Statement
from millrace.schemas.errors import StoreError

#: Parameters of the interface itself; every other one is a setting.
_RESERVED: Final = frozenset(
    {
        "query",
        "database",
        "default_format",
        "session_id",
        "session_timeout",
        "session_check",
        "user",
        "password",
        "quota_key",
        "role",
        "query_id",
        "compress",
        "decompress",
        "enable_http_compression",
        "wait_end_of_query",
        "buffer_size",
        "client_protocol_version",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "stacktrace",
        "close_session",
        "http_write_exception_in_output_format",
    }
)
_LOCAL_NAMES: Final = frozenset({"127.0.0.1", "localhost"})
NOT_IMPLEMENTED: Final = 48


class HttpServer(ThreadingHTTPServer):
    """Serves one engine on 127.0.0.1, a thread a connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, engine: Engine, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.engine = engine
        self._idle = threading.Condition()
        self._running = 0

    def run(self, statement: Statement) -> Answer:
        """Run a statement, counted, so that a stop can wait for it."""
        with self._idle:
            self._running += 1
        try:
            return self.engine.run(statement)
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def wait_until_idle(self, timeout: float) -> bool:
        """Wait for the statements under way; False when some still run after the timeout."""
        with self._idle:
            return self._idle.wait_for(lambda: self._running == 0, timeout)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        """Log no request: an answer says what went wrong, and nobody reads the rest."""

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/ping" or self.path == "/":
            self._send(200, b"Ok.\n", {})
        else:
            self._handle()

    def do_HEAD(self) -> None:
        self._send(200, b"", {})

    def do_POST(self) -> None:
        self._handle()

    def _handle(self) -> None:
        body = self._body()
        try:
            self._refuse_browsers()
            statement = self._statement(_decompress(body, self.headers.get("Content-Encoding")))
            answer = cast(HttpServer, self.server).run(statement)
        except StoreError as error:
            headers = {"X-ClickHouse-Exception-Code": str(error.code)}
            self._send(500, f"{error}\n".encode(), headers)
        except UnicodeDecodeError:
            self._send(400, b"Code: 36. The statement is not UTF-8\n", {})
        else:
            self._send(200, answer.body, _headers(answer, statement.format))

    def _refuse_browsers(self) -> None:
        # Any web page can post to a local port; no client of the store sends an origin.
        host = (self.headers.get("Host") or "127.0.0.1").rsplit(":", 1)[0]
        if self.headers.get("Origin") or host not in _LOCAL_NAMES:
            raise StoreError("Code: 516. The embedded store answers no web page", 516)

    def _statement(self, body: bytes) -> Statement:
        query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if query.get("decompress") == "1" or query.get("compress") == "1":
            raise StoreError(
                f"Code: {NOT_IMPLEMENTED}. Use Content-Encoding instead of block compression",
                NOT_IMPLEMENTED,
            )
        if (self.headers.get("Content-Type") or "").startswith("multipart/form-data"):
            raise StoreError(
                f"Code: {NOT_IMPLEMENTED}. External tables are not supported", NOT_IMPLEMENTED
            )
        settings = {
            name: value
            for name, value in query.items()
            if name not in _RESERVED and not name.startswith("param_")
        }
        if self.command == "GET":
            settings.setdefault("readonly", "2")
        head = query.get("query", "").encode()
        return Statement(
            sql=b"\n".join((head, body)) if head and body else head or body,
            database=query.get("database") or self.headers.get("X-ClickHouse-Database") or "",
            format=query.get("default_format")
            or self.headers.get("X-ClickHouse-Format")
            or "TabSeparated",
            settings=settings,
            parameters={
                name[len("param_") :]: value
                for name, value in query.items()
                if name.startswith("param_")
            },
        )

    def _body(self) -> bytes:
        if (self.headers.get("Transfer-Encoding") or "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return b"".join(chunks)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
            self.wfile.flush()
        except (TimeoutError, BrokenPipeError, ConnectionResetError):
            self.close_connection = True


def _headers(answer: Answer, format: str) -> dict[str, str]:
    summary = {
        "read_rows": answer.read_rows,
        "read_bytes": answer.read_bytes,
        "written_rows": answer.written_rows,
        "written_bytes": answer.written_bytes,
        "total_rows_to_read": answer.read_rows,
        "result_rows": answer.written_rows,
        "result_bytes": len(answer.body),
        "elapsed_ns": int(answer.seconds * 1e9),
    }
    headers = {
        "X-ClickHouse-Summary": json.dumps({name: str(value) for name, value in summary.items()}),
        "X-ClickHouse-Timezone": "UTC",
    }
    if answer.body:
        headers["X-ClickHouse-Format"] = format
    return headers


def _decompress(body: bytes, encoding: str | None) -> bytes:
    try:
        match encoding:
            case None | "" | "identity":
                return body
            case "gzip":
                return gzip.decompress(body)
            case "deflate":
                return zlib.decompress(body)
            case "lz4":
                return bytes(lz4.frame.decompress(body))
            case "zstd":
                return zstandard.ZstdDecompressor().decompressobj().decompress(body)
            case _:
                raise StoreError(f"Code: {NOT_IMPLEMENTED}. {encoding} is unknown", NOT_IMPLEMENTED)
    except (OSError, EOFError, RuntimeError, zlib.error, zstandard.ZstdError) as error:
        raise StoreError(f"Code: 354. The body is not {encoding}: {error}", 354) from None
