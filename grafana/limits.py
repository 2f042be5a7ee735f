"""From where on something is worth a look (WARN) or a page (BAD).

Panels colour by these numbers and alerts fire at them, so a red number and its alert agree.
"""

from __future__ import annotations

from typing import Final

#: Records waiting in one partition.
LAG_WARN: Final = 50_000
LAG_BAD: Final = 500_000
#: Records a minute by which the waiting ones of a partition become more.
LAG_RISE_WARN: Final = 100
#: Seconds from Kafka's timestamp to the store.
DELAY_WARN: Final = 5
DELAY_BAD: Final = 30
#: Seconds since anything was stored, or since a source last sent.
AGE_WARN: Final = 60
AGE_BAD: Final = 300
SOURCE_AGE_BAD: Final = 3600
#: Share of delivered events that were refused.
REJECTED_WARN: Final = 0.01
REJECTED_BAD: Final = 0.1
#: Share of windowed values that came after their window could be corrected.
LATE_WARN: Final = 0.01
#: Parts of one partition; ClickHouse delays inserts at 1,000 and refuses them at 3,000.
PARTS_WARN: Final = 300
PARTS_BAD: Final = 1_000
#: Rows of the web application's records, raw and rolled up (WEBAPP-55 to 57), and rows a day.
ROWS_WARN: Final = 800_000
ROWS_BAD: Final = 1_000_000
GROWTH_WARN: Final = 10_000
#: Age of the active signing key in days (IDENT-47).
KEY_AGE_WARN: Final = 25
KEY_AGE_BAD: Final = 30
#: Share of sign-ins, webhooks and requests that failed.
LOGIN_FAILED_BAD: Final = 0.3
WEBHOOK_FAILED_BAD: Final = 0.05
ERRORS_WARN: Final = 0.01
ERRORS_BAD: Final = 0.05
#: Milliseconds of an endpoint's 95th percentile.
P95_WARN: Final = 500
P95_BAD: Final = 1_000
#: Seconds since log and store were last compared; a worker does it every five minutes.
PROOF_WARN: Final = 1_200
PROOF_BAD: Final = 3_600
#: Free share of a disk.
DISK_WARN: Final = 0.2
DISK_BAD: Final = 0.1
#: What there should be none of.
NONE: Final = 0
#: A share of fewer than so many says nothing.
SAMPLE: Final = 20
