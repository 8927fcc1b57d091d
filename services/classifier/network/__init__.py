"""The trained half of the reader: a small multilingual encoder that marks victims and weighs what is said of them.

``subwords`` and ``features`` turn words into numbers, ``windows`` cuts a long document, ``encoder`` runs the network,
``tags`` finds the phrases that name victims, ``heads`` weighs every question about one of them. What the weights mean
for a claim is decided in ``services/classifier/claims``.
"""
