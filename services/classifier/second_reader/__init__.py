"""An optional second opinion on doubtful items, from any endpoint that speaks OpenAI's chat completions.

::

    TaggedItem ─ asks? ─no──────────────────────────────────────────────────────────▶ as it was
                  │yes
                  └▶ prompt ─▶ cache ─▶ breaker, budget ─▶ endpoint ─▶ validation ─▶ combining ─▶ TaggedItem

Off unless the operator names an endpoint. Nothing it answers is believed: a claim counts only if its quote stands in
the document, its number in the quote, and its values are ours. Whatever fails, the first reader's decision goes on.
"""
