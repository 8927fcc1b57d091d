"""Which partition a key belongs to: the same answer as Kafka's default partitioner, in every log.

Murmur2 with Kafka's seed, the sign bit masked off, modulo the number of partitions: the rule of the Java producer for
records with a key (``BuiltInPartitioner.partitionForKey``), which aiokafka, and so our Kafka adapter, follows too.
"""

from __future__ import annotations

_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995
_SHIFT = 24
_WORD = 0xFFFFFFFF
_POSITIVE = 0x7FFFFFFF


def partition_of(key: str, partitions: int) -> int:
    """Return the partition, 0 to *partitions* - 1, that holds every record with *key*."""
    return (murmur2(key_bytes(key)) & _POSITIVE) % partitions


def key_bytes(key: str) -> bytes:
    """Return *key* as it goes over the wire; a foreign key that is not UTF-8 keeps its bytes."""
    return key.encode("utf-8", "surrogateescape")


def murmur2(data: bytes) -> int:
    """Return the 32-bit Murmur2 hash of *data*, with the seed Kafka uses."""
    mixed = _SEED ^ len(data)
    whole = len(data) & ~3
    for start in range(0, whole, 4):
        word = int.from_bytes(data[start : start + 4], "little") * _MULTIPLIER & _WORD
        word = (word ^ word >> _SHIFT) * _MULTIPLIER & _WORD
        mixed = mixed * _MULTIPLIER & _WORD ^ word
    if rest := data[whole:]:
        mixed = (mixed ^ int.from_bytes(rest, "little")) * _MULTIPLIER & _WORD
    mixed = (mixed ^ mixed >> 13) * _MULTIPLIER & _WORD
    return mixed ^ mixed >> 15
