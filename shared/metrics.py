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
PUSHES = Counter("claimwatch_pushes", "Pushes from hubs by what came of them", ["status"])
SOURCES = Gauge("claimwatch_sources", "Sources by state", ["state"])
SOURCE_OK = Gauge("claimwatch_source_last_ok_timestamp_seconds", "Last look that worked", ["source"])
SOURCE_NEWS = Gauge("claimwatch_source_last_news_timestamp_seconds", "Last time there was something new", ["source"])
SOURCE_RHYTHM = Gauge("claimwatch_source_rhythm_seconds", "Usual time between items, once learned", ["source"])
SOURCE_UNDATED = Gauge("claimwatch_source_undated_ratio", "Share of entries without a usable date", ["source"])
SOURCE_TRUNCATIONS = Gauge("claimwatch_source_truncations", "Looks between which items may have been lost", ["source"])
SOURCE_REPAIRS = Gauge("claimwatch_source_charset_repairs", "Looks whose charset was put right", ["source"])
SOURCE_PROBLEM = Gauge("claimwatch_source_problem", "1 while a source has this problem", ["source", "problem"])
CANARY_OVERDUE = Gauge("claimwatch_canary_overdue", "1 while a canary has not arrived in time")
CANARY_SECONDS = Histogram(
    "claimwatch_canary_seconds",
    "Time from the sending of a canary to its alert",
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300),
)
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
