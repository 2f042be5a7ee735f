"""The preview's addresses: what they answer, and that nothing unregistered ever runs."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from preview_boards import boards

from millrace.grafana.generated import dashboards
from millrace.grafana.preview import PreviewServer
from millrace.schemas.errors import ConfigurationError, StoreError

EMPTY = b'{"meta": [], "data": []}'
RATE = json.dumps(
    {
        "meta": [
            {"name": "time", "type": "DateTime"},
            {"name": "Events a second", "type": "Float64"},
        ],
        "data": [["2026-11-20 12:00:00", 1.5], ["2026-11-20 12:00:10", 2.5]],
    }
).encode()


class RecordingStore:
    """Answers every query alike and keeps what it was asked."""

    def __init__(self, answer: bytes | Exception = EMPTY) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def __call__(self, sql: str) -> bytes:
        self.asked.append(sql)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def store() -> RecordingStore:
    return RecordingStore()


Get = Callable[..., tuple[int, Any]]


@pytest.fixture
def server(store: RecordingStore) -> Iterator[PreviewServer]:
    with PreviewServer(0, store, None, boards) as running:
        yield running


@pytest.fixture
def get(server: PreviewServer) -> Get:
    return lambda path, **headers: ask(server, path, **headers)


def ask(server: PreviewServer, path: str, method: str = "GET", **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    connection.request(method, path, headers={key.title(): value for key, value in headers.items()})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if response.headers["Content-Type"] == "application/json":
        return response.status, json.loads(body)
    return response.status, body.decode()


def test_dashboards_are_listed_and_given_as_they_are(get: Get) -> None:
    names = ["product"]
    assert get("/api/dashboards") == (
        200,
        [
            {"uid": "detail", "title": "Detail", "variables": names},
            {
                "uid": "shop",
                "title": "Shop",
                "variables": ["tenant", *names, "order", "note", "secret"],
            },
        ],
    )
    assert get("/api/dashboards/shop") == (200, boards()["shop"])


def test_the_committed_dashboards_are_served(store: RecordingStore) -> None:
    with PreviewServer(0, store, None) as server:
        listed = ask(server, "/api/dashboards")[1]
        assert {board["uid"] for board in listed} == set(dashboards())
        for uid, board in dashboards().items():
            assert ask(server, f"/api/dashboards/{uid}") == (200, board)


def test_the_language_is_asked_for_by_name(get: Get) -> None:
    assert get("/api/dashboards/shop?lang=pl") == (200, boards("pl")["shop"])
    assert [board["title"] for board in get("/api/dashboards?lang=pl")[1]] == ["Sklep", "Szczegóły"]
    assert get("/api/dashboards/shop?lang=xx")[1]["title"] == "Shop"


def test_the_home_comes_first() -> None:
    named = {
        uid: {"uid": uid, "title": title, "templating": {"list": []}}
        for uid, title in (("a", "Alpha"), ("millrace-home", "Millrace"), ("b", "Beta"))
    }
    with PreviewServer(0, RecordingStore(), None, lambda _language: named) as server:
        listed = ask(server, "/api/dashboards")[1]
    assert [board["uid"] for board in listed] == ["millrace-home", "a", "b"]


def test_a_panel_runs_its_own_sql(get: Get, store: RecordingStore) -> None:
    store.answer = RATE
    status, body = get("/api/panels/shop/5/A?from=1763640000000&to=1763640900000&points=90")
    assert status == 200
    assert (body["from"], body["to"]) == (1763640000000, 1763640900000)
    assert body["frames"][0]["fields"][1]["values"] == [1.5, 2.5]
    assert store.asked == ["SELECT orders_over_time 10 'name' '' 'on'"]


def test_a_panel_of_a_shut_row_can_be_asked_for(get: Get, store: RecordingStore) -> None:
    assert get("/api/panels/shop/9/A")[0] == 200
    assert store.asked == ["SELECT inside"]


def test_options_are_asked_for_with_the_values_of_other_variables(
    get: Get, store: RecordingStore
) -> None:
    columns = [{"name": "id", "type": "UInt8"}, {"name": "name", "type": "String"}]
    store.answer = json.dumps({"meta": columns, "data": [[1, "Mill"], [2, "Race"]]}).encode()
    status, options = get("/api/variables/shop/product?var-tenant=acme")
    assert (status, options) == (
        200,
        [{"text": "Mill", "value": "1"}, {"text": "Race", "value": "2"}],
    )
    assert store.asked == ["SELECT products WHERE tenant IN ('acme')"]
    store.asked.clear()
    assert get("/api/variables/shop/order")[1] == [
        {"text": "By name", "value": "name"},
        {"text": "By size", "value": "size"},
    ]
    assert store.asked == []


def test_a_value_reaches_the_store_only_escaped(get: Get, store: RecordingStore) -> None:
    status, _ = get("/api/panels/shop/1/A?var-tenant=a%5C%27)%20OR%201%3D1%20--")
    assert status == 200
    assert "tenant IN ('a\\\\\\') OR 1=1 --')" in store.asked[0]


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/dashboards/nope",
        "/api/panels/shop/999/A",
        "/api/panels/shop/1/B",
        "/api/panels/shop/100/A",
        "/api/panels/nope/1/A",
        "/api/panels/shop/1/A/SELECT%201",
        "/api/panels/shop/SELECT%201/A",
        "/api/variables/shop/datasource",
        "/api/annotations/shop/nope",
        "/api/query?sql=SELECT%201",
        "/query?query=SELECT%201",
        "/etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
    ],
)
def test_what_is_not_registered_is_not_found_and_runs_nothing(
    get: Get, store: RecordingStore, path: str
) -> None:
    status, body = get(path)
    assert status == 404
    assert body["error"].startswith("There is no ")
    assert store.asked == []


@pytest.mark.parametrize("query", ["points=0", "from=now&to=now-1h", "from=now-401d"])
def test_a_choice_that_cannot_be_used_is_one_sentence(
    get: Get, store: RecordingStore, query: str
) -> None:
    status, body = get(f"/api/panels/shop/1/A?{query}")
    assert status == 400
    assert body["error"].startswith("The ")
    assert store.asked == []


def test_the_stores_error_is_one_line(get: Get, store: RecordingStore) -> None:
    store.answer = StoreError("Unknown table events\nStack trace: 0. void" + "x" * 999)
    assert get("/api/panels/shop/1/A") == (502, {"error": "Unknown table events"})


def test_a_result_that_cannot_be_drawn_is_an_error(get: Get, store: RecordingStore) -> None:
    store.answer = b'{"meta": [{"name": "x", "type": "UInt8"}], "data": [[1]]}'
    status, body = get("/api/panels/shop/5/A")
    assert (status, "time column" in body["error"]) == (502, True)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "evil.example:80"},
        {"host": "127.0.0.1.evil.example"},
        {"origin": "http://evil.example"},
        {"host": "localhost", "origin": "http://localhost:1"},
    ],
)
def test_a_page_from_elsewhere_gets_nothing(
    get: Get, store: RecordingStore, headers: dict[str, str]
) -> None:
    status, _ = get("/api/panels/shop/1/A", **headers)
    assert status == 403
    assert store.asked == []


def test_our_own_page_may_ask(get: Get) -> None:
    assert get("/api/dashboards", host="localhost:1", origin="http://localhost:1")[0] == 200
    assert get("/api/dashboards", host="[::1]:1")[0] == 200


def test_only_reading_is_possible(server: PreviewServer) -> None:
    assert ask(server, "/api/panels/shop/1/A", method="POST")[0] == 501


def test_without_a_built_page_the_figures_are_tables(get: Get, store: RecordingStore) -> None:
    store.answer = RATE
    status, page = get("/d/shop")
    assert status == 200
    assert "Node.js is missing" in page
    assert "<h3>Orders over time</h3>" in page
    assert "<tr><td>Events a second</td><td>2.5</td></tr>" in page
    assert "<script" not in page


def test_a_page_that_is_none_is_not_found(get: Get) -> None:
    assert get("/d") == (404, {"error": "There is no such page"})


def test_a_long_sentence_of_the_store_is_cut(get: Get, store: RecordingStore) -> None:
    store.answer = StoreError("x" * 999)
    assert get("/api/panels/shop/1/A") == (502, {"error": "x" * 239 + "…"})


def test_built_pages_are_served_and_nothing_beside_them(
    tmp_path: Path, store: RecordingStore
) -> None:
    pages = tmp_path / "pages"
    (pages / "assets").mkdir(parents=True)
    (pages / "index.html").write_text("<p>page</p>")
    (pages / "assets" / "a.js").write_text("1")
    (pages / "secret").write_text("no known kind")
    (tmp_path / "outside.js").write_text("2")
    with PreviewServer(0, store, pages, boards) as server:
        assert ask(server, "/") == (200, "<p>page</p>")
        assert ask(server, "/d/shop?from=now-1h") == (200, "<p>page</p>")
        assert ask(server, "/assets/a.js") == (200, "1")
        for path in (
            "/secret",
            "/../outside.js",
            "/%2e%2e/outside.js",
            "/..%2foutside.js",
            "/none.js",
        ):
            assert ask(server, path)[0] == 404, path


def test_it_listens_on_this_machine_only_and_frees_its_port(store: RecordingStore) -> None:
    server = PreviewServer(0, store, None)
    server.start()
    port = int(server.url.rpartition(":")[2])
    assert server.url == f"http://127.0.0.1:{port}"
    with pytest.raises(ConfigurationError, match=f"port {port}"):
        PreviewServer(port, store, None)
    server.stop()
    server.stop()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
