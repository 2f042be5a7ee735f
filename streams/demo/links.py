"""A simulated link-saving service: each link is saved, processed, read and sometimes deleted."""

from __future__ import annotations

from collections import deque
from typing import Final

from millrace.streams.demo.moment import Document, Moment

_TENANT = "org-1"
_DOMAINS: Final = (
    *("example.org",) * 5,
    *("example.com",) * 3,
    *("news.example",) * 2,
    *(f"site-{number}.example" for number in range(10)),
)
_ERRORS: Final = ("timeout after 30 s", "HTTP 404", "HTTP 500", "certificate has expired")
#: Links that later events may be about.
_KNOWN = 2_000
_TYPICAL_SECONDS = 2.5


class Links:
    """The links that exist, and those being processed."""

    def __init__(self) -> None:
        self._known: deque[str] = deque(["link-0"], maxlen=_KNOWN)
        self._steps: deque[tuple[float, str, str]] = deque()
        self._saved = 0

    def event(self, moment: Moment) -> Document:
        """Return one event of the service; it has no id and no time yet."""
        document: Document = {"tenant": _TENANT, "source": "service:links"}
        if self._steps and self._steps[0][0] <= moment.unix:
            return document | self._step(moment)
        random = moment.random
        chance = random.random()
        if chance < 0.35:
            return document | self._save(moment)
        link = random.choice(self._known)
        if chance < 0.85:
            return document | {
                "name": "linkInteracted",
                "tags": {"type": "opened"},
                "entity": f"link:{link}",
                "actor": f"reader-{int(random.random() ** 2 * 500)}",
            }
        name = random.choice(
            ("linkCompleted", "linkCompleted", "linkUncompleted", "linkDeleted", "linkRestored")
        )
        return document | {"name": name, "entity": f"link:{link}"}

    def _save(self, moment: Moment) -> Document:
        self._saved += 1
        link = f"link-{int(moment.unix)}-{self._saved}"
        self._known.append(link)
        self._steps.append((moment.unix, "started", link))
        domain = moment.random.choice(_DOMAINS)
        return {
            "name": "linkCreated",
            "entity": f"link:{link}",
            "attributes": {"id": link, "url": f"https://{domain}/{link}", "domain": domain},
        }

    def _step(self, moment: Moment) -> Document:
        random = moment.random
        due, step, link = self._steps.popleft()
        document: Document = {"entity": f"link:{link}"}
        if step == "started":
            end = "failed" if random.random() < 0.06 else "completed"
            # Kept in order of time, as every start waits equally long for its turn.
            self._steps.append((due + _TYPICAL_SECONDS, end, link))
            return document | {"name": "linkProcessingStarted"}
        if step == "failed":
            error = random.choice(_ERRORS)
            return document | {"name": "linkProcessingFailed", "attributes": {"error": error}}
        if step == "completed":
            self._steps.append((due + _TYPICAL_SECONDS, "described", link))
            return document | {"name": "linkProcessingCompleted"}
        return document | {
            "name": "linkMetadataFetched",
            "attributes": {"title": f"The page behind {link}"},
        }
