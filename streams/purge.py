"""Purge: dead letters are deleted for good, and a mark stays so that the counts still add up."""

from __future__ import annotations

from typing import Final

from millrace.streams import letter_jobs, letters
from millrace.streams.letter_jobs import JobTaken
from millrace.streams.letter_work import LetterWork
from millrace.streams.letters import Filters, Tables

#: Letters of one job, at most; their offsets are in the text of the statement that deletes them.
CHUNK: Final = 5_000


def purge(store: Tables, work: LetterWork, filters: Filters, *, chunk: int = CHUNK) -> int:
    """Delete the chosen letters, redriven ones too; returns how many were there.

    A letter is marked before it is deleted and never marked twice. Raises JobTaken or LeaseHeld
    when somebody else is at work; what was done until then stays.
    """
    work.repeat_open()
    purged = 0
    for place, _ in letters.places(store, filters, settled=True):
        while True:
            number = letter_jobs.next_number(store)
            if letter_jobs.open_jobs(store):
                raise JobTaken("Somebody else has begun to work on the dead letters: try again")
            found = letters.letters(store, place, filters, first=0, limit=chunk, settled=True)
            if not found:
                break
            offsets = tuple(letter.offset for letter in found)
            work.do(letter_jobs.new_job(number, place, purged=offsets))
            purged += len(offsets)
    return purged
