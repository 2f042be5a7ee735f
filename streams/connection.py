"""How every Kafka client of ours is told where the broker is and who we are."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

from aiokafka import AIOKafkaConsumer

from millrace.streams.settings import KafkaSettings


def client_arguments(kafka: KafkaSettings) -> dict[str, Any]:
    """Return the connection arguments that every aiokafka client takes."""
    arguments: dict[str, Any] = {
        "bootstrap_servers": kafka.bootstrap_servers,
        "security_protocol": kafka.security_protocol,
    }
    if kafka.security_protocol.startswith("SASL"):
        arguments |= {
            "sasl_mechanism": kafka.sasl_mechanism,
            "sasl_plain_username": kafka.sasl_username,
            "sasl_plain_password": kafka.sasl_password.get_secret_value(),
        }
    if kafka.security_protocol.endswith("SSL"):
        cafile = None if kafka.ssl_cafile is None else str(kafka.ssl_cafile)
        arguments["ssl_context"] = ssl.create_default_context(cafile=cafile)
    return arguments


async def stop(consumer: AIOKafkaConsumer) -> None:
    """Stop a consumer, also one whose broker is away."""
    # The library waits for the fetches that it cancels. One that waits for a lost broker then ends
    # as if we had been cancelled ourselves, in place of the error that is on its way.
    ended: list[object] = await asyncio.gather(consumer.stop(), return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise error
