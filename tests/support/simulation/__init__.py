"""A week of feeds and channels in minutes: real HTTP, real processes, real files; only the waiting is left out."""
