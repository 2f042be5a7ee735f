"""The settings: are they usable, and is what a worker cannot do without among them?"""

from __future__ import annotations

from collections.abc import Iterator

from millrace.schemas.catalogue_files import load_catalogue
from millrace.schemas.errors import ConfigurationError
from millrace.streams.doctor.finding import Finding, Level
from millrace.streams.settings import Settings

_AREA = "settings"


def check_configuration(settings: Settings) -> Iterator[Finding]:
    """Look at the settings and at the catalogue files they name."""
    yield Finding(
        _AREA,
        Level.OK,
        f"group {settings.kafka.group}, prefix {settings.kafka.topic_prefix or '(none)'}",
    )
    if not settings.actor_key.get_secret_value():
        yield Finding(
            _AREA,
            Level.FAULT,
            "MILLRACE_ACTOR_KEY is not set, so a worker does not start",
            "give every worker the same long random text",
        )
    try:
        catalogue = load_catalogue(settings.catalogue_files)
    except ConfigurationError as error:
        yield Finding(_AREA, Level.FAULT, str(error), "correct the file")
    else:
        text = f"catalogue {catalogue.fingerprint[:12]}, {len(catalogue.namespaces)} namespaces"
        yield Finding(_AREA, Level.OK, text)
