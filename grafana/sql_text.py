"""Just enough reading of SQL to find macros: quotes, comments, brackets and arguments."""

from __future__ import annotations

from collections.abc import Iterator

_QUOTES = "'\"`"


class MacroError(ValueError):
    """A macro or variable that cannot be expanded; the text is one sentence."""


def after_quoted(sql: str, start: int) -> int:
    """Return the index after the quoted text that begins at ``start``."""
    quote = sql[start]
    index = start + 1
    while index < len(sql):
        if sql[index] == "\\":
            index += 2
        elif sql[index] == quote:
            if sql[index + 1 : index + 2] != quote:
                return index + 1
            index += 2
        else:
            index += 1
    return len(sql)


def without_comments(sql: str) -> str:
    """Return the SQL with each comment replaced by one space; quoted text stays as it is."""
    return "".join(" " if kind == "comment" else text for kind, text in pieces(sql))


def pieces(sql: str) -> Iterator[tuple[str, str]]:
    """Yield ("code" | "quoted" | "comment", text); joined again they are the SQL."""
    index = start = 0
    while index < len(sql):
        kind, stop = _special(sql, index)
        if not kind:
            index += 1
            continue
        if index > start:
            yield "code", sql[start:index]
        yield kind, sql[index:stop]
        index = start = stop
    if start < len(sql):
        yield "code", sql[start:]


def _special(sql: str, index: int) -> tuple[str, int]:
    if sql[index] in _QUOTES:
        return "quoted", after_quoted(sql, index)
    if sql.startswith("--", index):
        return "comment", _after(sql, "\n", index, keep=True)
    if sql.startswith("/*", index):
        return "comment", _after(sql, "*/", index, keep=False)
    return "", index


def _after(sql: str, mark: str, index: int, *, keep: bool) -> int:
    found = sql.find(mark, index)
    if found < 0:
        return len(sql)
    return found if keep else found + len(mark)


def closing(sql: str, start: int) -> int:
    """Return the index of the bracket that closes the one at ``start``."""
    depth = 0
    index = start
    while index < len(sql):
        if sql[index] in _QUOTES:
            index = after_quoted(sql, index)
            continue
        depth += (sql[index] == "(") - (sql[index] == ")")
        if depth == 0:
            return index
        index += 1
    raise MacroError("A macro's brackets are not closed")


def arguments(text: str) -> list[str]:
    """Split at the commas that are neither quoted nor bracketed."""
    found: list[str] = []
    depth = start = index = 0
    while index < len(text):
        if text[index] in _QUOTES:
            index = after_quoted(text, index)
            continue
        if text[index] == "," and depth == 0:
            found.append(text[start:index].strip())
            start = index + 1
        depth += (text[index] == "(") - (text[index] == ")")
        index += 1
    last = text[start:].strip()
    return [*found, last] if found or last else []
