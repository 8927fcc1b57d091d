"""Keeps the ledger of incidents: ``items.tagged`` in, alerts out, once each, with both sides of a conflict."""
