"""The change feed of a server that offers one (docs/platform/additions.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from localloop.platform.mapping import from_wire
from localloop.platform.session import PlatformSession
from localloop_schema.kinds import EntityKind
from localloop_sync.errors import PermanentError, TransientError
from localloop_sync.ports import Change, ChangePage, Feed, Place

#: What a server has to be capable of.
_CAPABILITY = "changes"

_GONE = 410
_KINDS = frozenset(EntityKind)


def feed_of(session: PlatformSession) -> Feed | None:
    """The feed of the server that a session talks to.

    Only a server that announced additions in an earlier answer is asked: the platform never gets a request that it
    does not have.

    Args:
        session: The logged-in connection.

    Returns:
        The feed; None when there is none.
    """
    path = session.announced
    if not path.startswith("/"):
        return None
    described = session.json("GET", path)
    capable = described.get("capabilities") if isinstance(described, Mapping) else None
    return HubFeed(session, path) if isinstance(capable, list) and _CAPABILITY in capable else None


class HubFeed:
    """Keeps the port :class:`localloop_sync.ports.Feed`; its methods are documented there.

    Args:
        session: The logged-in connection.
        path: Where the additions are, below the API base.
    """

    def __init__(self, session: PlatformSession, path: str) -> None:
        self._session = session
        self._path = path

    def head(self, project: str) -> Place:
        """The place after the newest change."""
        return _place(self._ask(project, {}))

    def changes(
        self, project: str, since: Place, datasets: Sequence[str] | None = None, limit: int = 1000
    ) -> ChangePage | None:
        """What changed after a place; None when the server does not know it."""
        params: dict[str, Any] = {"since": since.seq, "epoch": since.epoch, "limit": limit}
        if datasets is not None:
            params["datasets"] = ",".join(datasets)
        try:
            reply = self._ask(project, params)
        except PermanentError as error:
            if error.status == _GONE:
                return None
            raise
        rows, more = reply.get("changes"), reply.get("hasNextPage")
        if not isinstance(rows, list) or not isinstance(more, bool):
            raise TransientError("The server's reply is not a page of changes.")
        return ChangePage([_change(project, row) for row in rows if _is_known(row)], _place(reply), more)

    def _ask(self, project: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        path = f"{self._path}/projects/{quote(project, safe='')}/changes"
        reply = self._session.json("GET", path, params=params)
        if not isinstance(reply, Mapping):
            raise TransientError("The server's reply is not a page of changes.")
        return reply


def _place(reply: Mapping[str, Any]) -> Place:
    epoch, seq = reply.get("epoch"), reply.get("seq")
    if not isinstance(epoch, str) or not isinstance(seq, int):
        raise TransientError("The server does not say where its changes stand.")
    return Place(epoch, seq)


def _is_known(row: Any) -> bool:
    """Whether this program knows such entities; a later server may have more kinds of them."""
    return not isinstance(row, Mapping) or row.get("kind") in _KINDS


def _change(project: str, row: Any) -> Change:
    """One entry. What cannot be read is not skipped, because it would be missed for ever.

    Raises:
        TransientError: The entry does not describe a change.
    """
    if not isinstance(row, Mapping) or not isinstance(row.get("id"), str):
        raise TransientError("The server's reply holds something that is not a change.")
    kind, dataset = EntityKind(row["kind"]), row.get("datasetId")
    name = f"{project}/{row['id']}" if kind is EntityKind.MEMBER else row["id"]
    if row.get("deleted") is True:
        return Change(kind, name, dataset, None)
    entity = from_wire(kind, row.get("entity"), {EntityKind.PROJECT: project})
    return Change(kind, name, dataset, entity)
