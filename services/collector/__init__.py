"""Turns feeds and channels into versioned raw items: sources in, ``items.raw`` out, nothing skipped."""
