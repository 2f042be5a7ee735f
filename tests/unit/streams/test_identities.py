"""People are stored as pseudonyms, and coordinates have ids of their own."""

from __future__ import annotations

from uuid import UUID, uuid5

from catalogues import OPEN

from millrace.streams.identities import COORDINATES, Pseudonyms, coordinate_id


def test_a_pseudonym_is_the_same_for_the_same_key_only() -> None:
    assert Pseudonyms(b"one").of("ann") == Pseudonyms(b"one").of("ann")
    assert Pseudonyms(b"one").of("ann") != Pseudonyms(b"two").of("ann")
    assert Pseudonyms(b"one").of("ann") != Pseudonyms(b"one").of("bob")


def test_a_pseudonym_is_128_bits_of_hmac_sha_256() -> None:
    # The first half of: printf ann | openssl dgst -sha256 -hmac key
    assert Pseudonyms(b"key").of("ann") == "9d77c3180ff81edfbc099a7e91843e41"


def test_nobody_has_no_pseudonym() -> None:
    assert Pseudonyms(b"key").of("") == ""


def test_only_personal_types_are_hashed() -> None:
    pseudonyms = Pseudonyms(b"key")
    assert pseudonyms.typed(OPEN, "service:api") == "service:api"
    assert pseudonyms.typed(OPEN, "user:ann") == f"user:{pseudonyms.of('ann')}"
    assert pseudonyms.typed(OPEN, "User:ann") == f"User:{pseudonyms.of('ann')}"


def test_a_coordinates_id_is_a_uuid5() -> None:
    expected = uuid5(COORDINATES, "log:events:3:17")
    assert UUID(bytes=coordinate_id("log", "events", 3, 17)) == expected
