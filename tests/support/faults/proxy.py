"""An HTTP proxy between the workers and the store that holds, cuts, delays and refuses requests.

Every request is known by its worker (the user name in the worker's URL), its statement and, when it
inserts a range, by the coordinates in its token. Rules are asked in the order in which they were
added; the first that answers with an action decides, and without any the request passes.
"""

from __future__ import annotations

import base64
import http.client
import os
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import parse_qsl, urlsplit

#: Longer than any test waits; a request is never held for ever.
_HELD_AT_MOST = 300.0
_TOKEN = re.compile(r"([^:]+):([^:]+):(\d+):(\d+)-(\d+)")
_INSERT = re.compile(r"\s*INSERT\s+INTO\s+(?:`?\w+`?\.)?`?(\w+)`?", re.IGNORECASE)
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "authorization"}


@dataclass(frozen=True)
class Request:
    """One request; ``first`` and ``end`` are -1 when it does not insert a range."""

    worker: str
    sql: str
    parameters: dict[str, str]
    table: str = ""  # that it inserts into
    token: str = ""
    topic: str = ""
    partition: int = -1
    first: int = -1
    end: int = -1

    @property
    def ranged(self) -> bool:
        """Whether it inserts (a part of) a range of offsets of the services' events."""
        return self.end >= 0 and self.topic.endswith("telemetry.events")


@dataclass(frozen=True)
class Refuse:
    """Answer with a ClickHouse exception (or a bare 500 without a code); nothing is applied."""

    code: int = 0


@dataclass(frozen=True)
class Reset:
    """Cut the connection: before the statement reaches the store, or after it was applied."""

    applied: bool = True


@dataclass(frozen=True)
class Delay:
    """Wait, then pass the request on."""

    seconds: float


@dataclass
class Gate:
    """Holds every request that it catches until it is opened; made by ``StoreProxy.hold``.

    ``after`` holds the answer instead of the request. A held request is passed on when the gate
    opens with ``open(True)`` and dropped (its connection is cut) with ``open(False)``.
    """

    matches: Callable[[Request], bool]
    after: bool = False
    held: list[Request] = field(default_factory=list)
    _opened: threading.Event = field(default_factory=threading.Event)
    _passes: bool = True

    def __call__(self, request: Request) -> Gate | None:
        """Catch a request, as a rule does."""
        return self if not self._opened.is_set() and self.matches(request) else None

    def wait_here(self, request: Request) -> bool:
        """Hold the calling thread; returns whether the request may go on."""
        self.held.append(request)
        self._opened.wait(_HELD_AT_MOST)
        return self._passes

    def open(self, passes: bool = True) -> None:
        """Let everything that is held go on, or drop it; nothing more is caught."""
        self._passes = passes
        self._opened.set()


Action = Refuse | Reset | Delay | Gate
Rule = Callable[[Request], Action | None]


class StoreProxy:
    """Listens on 127.0.0.1 while its block runs and passes requests on to ``target``'s port."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.counts: Counter[str] = Counter()
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._server = _Server(self)
        self.port = int(self._server.server_address[1])

    def __enter__(self) -> StoreProxy:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.clear()
        self._server.shutdown()
        self._server.server_close()

    def url(self, worker: str, database: str) -> str:
        """Return the store's URL for a worker; its requests then carry the worker's name."""
        return f"http://{worker}:x@127.0.0.1:{self.port}/{database}"

    def add(self, rule: Rule) -> None:
        """Ask one more rule, after those that are there already."""
        with self._lock:
            self._rules.append(rule)

    def remove(self, rule: Rule) -> None:
        """Ask a rule no longer; what it holds stays held."""
        with self._lock, suppress(ValueError):
            self._rules.remove(rule)

    def clear(self) -> None:
        """Forget all rules and open all gates."""
        with self._lock:
            rules, self._rules = self._rules, []
        for rule in rules:
            if isinstance(rule, Gate):
                rule.open(False)

    @contextmanager
    def rule(self, rule: Rule) -> Iterator[None]:
        """Ask a rule while the block runs."""
        self.add(rule)
        try:
            yield
        finally:
            self.remove(rule)

    def hold(self, matches: Callable[[Request], bool], *, after: bool = False) -> Gate:
        """Hold every request that matches; ``after`` holds the answer of an applied one."""
        gate = Gate(matches, after)
        self.add(gate)
        return gate

    def decide(self, request: Request) -> Action | None:
        """Return what the rules want done with a request; counts what is not just passed."""
        with self._lock:
            rules = list(self._rules)
            action = next((found for rule in rules if (found := rule(request))), None)
            if action is not None:
                self.counts[_name(action)] += 1
        return action


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, proxy: StoreProxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a worker killed in the middle of a request is what the suite is about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        """Log no request."""

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def _handle(self) -> None:
        body = self._body()
        request = _request(self.path, self.headers.get("Authorization") or "", body)
        proxy = cast(_Server, self.server).proxy
        match proxy.decide(request):
            case Refuse(code):
                self._refuse(code)
            case Reset(applied):
                if applied:
                    self._forward(proxy.target, body)
                self._reset()
            case Delay(seconds):
                time.sleep(seconds)
                self._pass_on(proxy.target, body)
            case Gate() as gate if gate.after:
                answer = self._forward(proxy.target, body)
                if gate.wait_here(request):
                    self._answer(answer)
                else:
                    self._reset()
            case Gate() as gate:
                if gate.wait_here(request):
                    self._pass_on(proxy.target, body)
                else:
                    self._reset()
            case None:
                self._pass_on(proxy.target, body)

    def _pass_on(self, target: int, body: bytes) -> None:
        self._answer(self._forward(target, body))

    def _forward(self, target: int, body: bytes) -> tuple[int, dict[str, str], bytes] | None:
        headers = {name: text for name, text in self.headers.items() if name.lower() not in _HOP}
        upstream = http.client.HTTPConnection("127.0.0.1", target, timeout=_HELD_AT_MOST)
        try:
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            kept = {n: text for n, text in answer.getheaders() if n.lower() not in _HOP}
            return answer.status, kept, answer.read()
        except (OSError, http.client.HTTPException):
            return None  # the store is away
        finally:
            upstream.close()

    def _answer(self, answer: tuple[int, dict[str, str], bytes] | None) -> None:
        if answer is None:
            self._reset()
            return
        status, headers, body = answer
        self.send_response_only(status)
        for name, text in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _refuse(self, code: int) -> None:
        if not code:
            self._answer((500, {}, b"Something between here and the store failed\n"))
            return
        text = f"Code: {code}. DB::Exception: Injected by a test. (version 26.8.1.1)\n".encode()
        self._answer((500, {"X-ClickHouse-Exception-Code": str(code)}, text))

    def _reset(self) -> None:
        self.close_connection = True
        # No orderly end: the client sees "connection reset by peer".
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

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


def _request(path: str, authorization: str, body: bytes) -> Request:
    query = dict(parse_qsl(urlsplit(path).query, keep_blank_values=True))
    worker = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")[0]
    sql = query.get("query") or body[:2000].decode(errors="replace")
    insert = _INSERT.match(sql)
    token = query.get("insert_deduplication_token", "")
    place = _TOKEN.fullmatch(token)
    common = Request(
        worker, sql, query, table=insert[1] if insert else "", token=token if insert else ""
    )
    if insert is None or place is None:
        return common
    return Request(
        worker,
        sql,
        query,
        table=common.table,
        token=token,
        topic=place[2],
        partition=int(place[3]),
        first=int(place[4]),
        end=int(place[5]),
    )


def _name(action: Action) -> str:
    match action:
        case Refuse(code):
            return f"refused with {code or 500}"
        case Reset(applied):
            return "cut after it was applied" if applied else "cut"
        case Delay():
            return "delayed"
        case Gate():
            return "held"
