"""Pushes from hubs (W3C WebSub), where the operator gives them a way in; polling goes on as the net beneath.

::

    feed ─ hub, topic ─▶ subscriber ─▶ hub ─ challenge ─▶ listener ─▶ subscription active
                                       hub ─ signed push ─▶ listener ─▶ source wakes ─▶ an ordinary look

A push only says that there may be something new. What is new is read from the feed itself, so that a false push costs a
conditional request and can put nothing into the log.
"""
