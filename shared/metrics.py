"""Every figure the services count, in one place: names are a promise to dashboards and alert rules.

Each item is counted exactly once per stage, by what became of it.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

ITEMS = Counter("claimwatch_items", "Items by stage and by what became of them", ["stage", "status"])
HANDLING = Histogram("claimwatch_handling_seconds", "Time to handle one record", ["stage"])
RETRIES = Counter("claimwatch_retries", "Attempts that failed and were put off", ["stage"])
LAG = Gauge("claimwatch_lag_records", "Records not yet committed", ["stage", "topic", "partition"])
OLDEST = Gauge("claimwatch_lag_seconds", "Age of the oldest record not yet committed", ["stage", "topic", "partition"])
FETCHES = Counter("claimwatch_fetches", "Looks at sources by what came of them", ["source", "status"])
PAGES = Counter("claimwatch_pages", "Articles' pages read again by what came of it", ["status"])
SOURCES = Gauge("claimwatch_sources", "Sources by state", ["state"])
READ = Counter("claimwatch_read_items", "Items read: relevant, irrelevant or unread", ["lang", "decision"])
INCIDENTS = Counter("claimwatch_incidents", "Incidents opened")
ALERTS = Counter("claimwatch_alerts", "Alerts decided by kind", ["kind"])
DELIVERIES = Counter("claimwatch_deliveries", "Deliveries by channel and by what came of them", ["channel", "status"])
SECOND_READER = Counter("claimwatch_second_reader", "Doubtful items by what came of asking about them", ["status"])
SECOND_READER_CLAIMS = Counter("claimwatch_second_reader_claims", "Claims answered, by what became of them", ["fate"])
SECOND_READER_TOKENS = Counter("claimwatch_second_reader_tokens", "Tokens billed by the second reader's endpoint")
SECOND_READER_SECONDS = Histogram(
    "claimwatch_second_reader_seconds",
    "Time of one question to the endpoint",
    buckets=(0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120),
)
