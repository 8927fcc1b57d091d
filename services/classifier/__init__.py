"""Reads raw items: ``items.raw`` in, ``items.tagged`` out, each with its decision and its claims."""
