"""What is known of an item's content. The platform tells a size and no digest, so some of it has to be inferred."""

from __future__ import annotations

from localloop_schema.documents import Document


def with_known_digest(remote: Document, base: Document | None) -> Document:
    """The remote document with the digest that the base knows, while the size says that the content is the same.

    A replacement by other bytes of the same size cannot be told from the plain contract (docs/platform/wire.md,
    8.4: there is no content hash).
    """
    theirs, was = remote.get("content"), (base or {}).get("content")
    if theirs is None or was is None or "digest" in theirs or theirs.get("size") != was.get("size"):
        return remote
    return {**remote, "content": was}


def must_compare(base: Document | None, mirror: Document | None, remote: Document) -> bool:
    """Whether the platform's bytes have to be fetched to know if they are ours.

    So when a new content stands here, one of the same size stands there, and nothing says where that came from.

    Args:
        base: What both sides agreed on, or None.
        mirror: The local document, or None.
        remote: The platform's document, after :func:`with_known_digest`.
    """
    theirs, mine = remote.get("content"), (mirror or {}).get("content")
    if theirs is None or mine is None or "digest" in theirs or "digest" not in mine:
        return False
    was = (base or {}).get("content")
    return bool(theirs.get("size") == mine.get("size") and was not in (mine, theirs))
