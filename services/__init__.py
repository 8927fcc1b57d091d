"""The services, one package each, and the commands that run them.

The whole product is one pipe::

    sources/*.py ─ RawItem ─▶ [items.raw] ─▶ classify ─ TaggedItem(claims) ─▶ [items.tagged]
          ─▶ ledger ─ LedgerChange ─▶ policy ─ Alert ─▶ store (incidents + outbox) ─▶ deliver ─▶ channels/*.py
                                                            └▶ [incidents] [alerts]  for downstream teams
"""
