"""Trains the reader from the labelled passages: ``python -m services.classifier.training``. Not used in production.

``passages`` reads them, ``examples`` finds what there is to learn in each, ``base`` brings the multilingual encoder
that learning starts from, ``model`` is the network, ``batches``, ``targets`` and ``fitting`` train it, ``exporting``
writes the files the reader loads, ``starting`` reads them back to go on from, ``gating`` and ``calibrating`` fit the
gate and the confidence.
"""
