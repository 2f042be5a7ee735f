"""Puts the texts of a dashboard into another language; the English text is the key.

The code and the SQL files hold English alone. ``texts/<language>/*.toml`` hold one line a text.
Inside SQL only what stands in ``{{...}}`` is a text; everything that names such a column (an
override, a sort, a link) is changed with it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from millrace.schemas.errors import ConfigurationError

SOURCE = "en"
LANGUAGES = (SOURCE, "pl")
TEXTS = Path(__file__).parent / "texts"
Texts = Mapping[str, str]

_IN_SQL = re.compile(r"\{\{(.+?)\}\}")
_LETTER = re.compile(r"[^\W\d_]")
_TEMPLATE = re.compile(r"\$\{[^}]*\}|\$\w+")
_COLUMN = re.compile(r'(__data\.fields\["?)([^"\]]+)("?\])')
#: Where Grafana keeps what people read.
_KEYS = frozenset(
    {"title", "description", "noValue", "displayName", "label", "axisLabel", "display", "content",
     "tooltip", "text", "summary"}
)  # fmt: skip
#: The same as the value of an override's property.
_PROPERTIES = frozenset({"displayName", "description", "noValue", "custom.axisLabel"})
_SUFFIX = "suffix:"


class TextError(ConfigurationError):
    """Texts that lack a translation or contradict each other; one sentence."""


def texts(language: str, folder: Path = TEXTS) -> Texts:
    """Read all texts of a language; raises TextError when two files disagree."""
    found: dict[str, str] = {}
    for path in sorted((folder / language).glob("*.toml")):
        for english, other in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if found.setdefault(english, other) != other:
                raise TextError(
                    f"{path.name}: {english!r} is {other!r} here and {found[english]!r} elsewhere;"
                    " keep one"
                )
    return found


def translated(board: Any, known: Texts | None) -> Any:
    """Return the board with every text in its language; ``None`` is the source itself.

    Raises TextError that names each text without a translation.
    """
    missing: dict[str, None] = {}

    def one(text: str) -> str:
        if known is None or not _LETTER.search(_TEMPLATE.sub("", text)):
            return text
        if text not in known:
            missing[text] = None
        return known.get(text, text)

    result = _value(board, one, frozenset())
    if missing:
        listed = "; ".join(repr(text) for text in missing)
        raise TextError(f"Texts without a translation, add them to grafana/texts: {listed}")
    return result


def used(board: Any) -> frozenset[str]:
    """Return the texts of a board, to find translations that nothing needs any more."""
    seen: set[str] = set()

    def one(text: str) -> str:
        seen.add(text)
        return text

    _value(board, one, frozenset())
    return frozenset(seen)


def _value(value: Any, one: Callable[[str], str], columns: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_value(item, one, columns) for item in value]
    if not isinstance(value, dict):
        return value
    if "targets" in value:
        columns = frozenset(_columns(value["targets"]))
    if value.get("type") == "custom" and "query" in value:
        return _choices(value, one)
    changed = {key: _entry(key, item, one, columns) for key, item in value.items()}
    if "iconColor" in value and "name" in value:  # an annotation; its name is the label of a switch
        changed["name"] = one(value["name"])
    if "id" in value and "value" in value:
        changed["value"] = _property(str(value["id"]), value["value"], one, columns)
    if str(value.get("id", "")).startswith("by"):
        changed["options"] = _named(value.get("options"), one, columns)
    return changed


def _entry(key: str, item: Any, one: Callable[[str], str], columns: frozenset[str]) -> Any:
    if isinstance(item, str):
        if key == "rawSql":
            return _IN_SQL.sub(lambda found: _sql_text(one(found[1])), item)
        if key == "url":
            return _COLUMN.sub(
                lambda found: found[1] + _column(found[2], one, columns) + found[3], item
            )
        if key == "unit" and item.startswith(_SUFFIX):
            return _SUFFIX + one(item.removeprefix(_SUFFIX))
        if key in _KEYS:
            return one(item)
    return _value(item, one, columns)


def _property(name: str, value: Any, one: Callable[[str], str], columns: frozenset[str]) -> Any:
    if isinstance(value, str):
        if name in _PROPERTIES:
            return one(value)
        return _entry(name, value, one, columns) if name == "unit" else value
    return _value(value, one, columns)


def _columns(targets: Any) -> Iterator[str]:
    for target in targets:
        yield from _IN_SQL.findall(target.get("rawSql", ""))


def _column(name: str, one: Callable[[str], str], columns: frozenset[str]) -> str:
    return one(name) if name in columns else name


def _named(options: Any, one: Callable[[str], str], columns: frozenset[str]) -> Any:
    if isinstance(options, str):
        return _column(options, one, columns)
    if isinstance(options, dict) and "names" in options:
        return {**options, "names": [_column(name, one, columns) for name in options["names"]]}
    return options


def _choices(variable: dict[str, Any], one: Callable[[str], str]) -> dict[str, Any]:
    """A custom variable keeps its choices twice: as options, and as ``text : value`` in a line."""
    pairs = [
        (text.strip(), value.strip())
        for text, _, value in (entry.partition(" : ") for entry in variable["query"].split(","))
    ]
    changed = {
        key: _entry(key, item, one, frozenset()) for key, item in variable.items() if key != "query"
    }
    # A choice without a text of its own is a value, and values are the same in every language.
    changed["query"] = ", ".join(
        f"{one(text)} : {value}" if value else text for text, value in pairs
    )
    return changed


def _sql_text(text: str) -> str:
    """A text inside quotes or backticks of a query must not end them."""
    if set(text) & set("'`\"\\"):
        raise TextError(f"The text {text!r} stands in SQL and must be without quotes")
    return text
