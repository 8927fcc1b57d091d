"""Reads raw items: ``items.raw`` in, ``items.tagged`` out, each with its decision and its claims."""

import os

# The heads' matrices are small: sharing them out among threads costs more than it saves, and many times that beside
# other work. Numpy asks once, when it is first imported; an operator's own choice stands.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
