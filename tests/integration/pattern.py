"""Bytes that show it when any of them is lost, doubled or swapped."""

import functools
import hashlib

BLOCK = 64 * 1024
_BASE = hashlib.shake_256(b"aps").digest(BLOCK - 8)


def blocks(count):
    """The first `count` bytes of the pattern, in blocks."""
    for start in range(0, count, BLOCK):
        block = start.to_bytes(8, "big") + _BASE
        yield block if count - start >= BLOCK else block[:count - start]


def data(count):
    return b"".join(blocks(count))


@functools.lru_cache
def sha256(count):
    digest = hashlib.sha256()
    for block in blocks(count):
        digest.update(block)
    return digest.hexdigest()
