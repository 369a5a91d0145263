"""Versions of entities as ``ETag``, and ``If-Match``: an addition of ours that the platform does not have.

An entity's version is the sequence number of its last change in the feed, which grows with each. It stands in a header
and not in the JSON, which has no room for a key that other clients do not know, and which they send back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection
from starlette.exceptions import HTTPException

from localloop.store.feed import Position, version_of
from localloop_schema.kinds import EntityKind


def etag(version: Position) -> str:
    """A version as an entity tag. The stretch's name keeps it from meaning another change in a store put back."""
    return f'"{version.epoch}.{version.seq}"'


class Tag:
    """The version of the entity that the path of one request names.

    Args:
        wanted: The request's ``If-Match``.
    """

    def __init__(self, wanted: str | None) -> None:
        self._wanted = wanted
        self._entity: tuple[EntityKind, str] | None = None
        self._etag = ""

    def meet(self, connection: Connection, kind: EntityKind, entity_id: str) -> None:
        """Note the entity, within the transaction that will change it if the request does so.

        Its version is looked up only for a request that insists on one; that of the answer is taken over when the
        transaction ends.

        Raises:
            HTTPException: 412, it is not of the version that the request insists on.
        """
        self._entity = kind, entity_id
        if self._wanted is None:
            return
        self.renew(connection)
        if not self._is_wanted():
            raise HTTPException(412, f"The {kind.value} was changed: its version is {self._etag} now.")

    def renew(self, connection: Connection) -> None:
        """Take over the version that the entity has now, at the end of a transaction."""
        if self._entity is not None:
            version = version_of(connection, *self._entity)
            self._etag = "" if version is None else etag(version)

    def header(self, shown: Any) -> Mapping[str, str]:
        """The header of an answer: only where what is shown is the entity itself."""
        itself = self._entity is not None and isinstance(shown, dict) and shown.get("id") == self._entity[1]
        return {"ETag": self._etag} if itself and self._etag else {}

    def _is_wanted(self) -> bool:
        # Weak tags never match: RFC 9110, 13.1.1.
        listed = [one.strip() for one in (self._wanted or "").split(",")]
        return "*" in listed or self._etag in listed
