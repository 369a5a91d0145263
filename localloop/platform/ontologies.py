"""Changing an ontology, whose parts the platform takes by different calls (docs/platform/wire.md, 6.1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from localloop.platform.faults import decoded
from localloop.platform.labels import to_items, to_labels, to_names, to_nodes, without
from localloop.platform.patch import apply_patch, document_patch
from localloop.platform.reading import entity_path
from localloop.platform.session import PlatformSession
from localloop.platform.steps import Steps
from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.leaves import same
from localloop_sync.errors import PermanentError, RemoteNotFoundError, TransientError

#: How many labels to ask for at once.
_PAGE = 1000

#: How often an ontology is read again because somebody changed it before it was written.
_TRIES = 10


def update_ontology(session: PlatformSession, remote_id: str, document: Document, base: Document) -> None:
    """Send what differs between two documents of an ontology, each part by its own call.

    Labels and attributes are upserted, attributes deleted by key, and labels by the newer API's call for one label.
    Only a title, metadata and an attribute of the oldest style, and labels where a platform does not have that call,
    are written by replacing the whole ontology: it is read just before, and all else in it sent back. A hub of ours
    refuses that when somebody changed the ontology in between, and it is read again; the platform itself has no such
    precondition, so what somebody adds there between the two requests is lost (docs/platform/wire.md, 6.1 and 6.3).

    Args:
        session: The logged-in connection.
        remote_id: The ontology's id.
        document: The document that it shall have.
        base: The document that the caller knows.

    Raises:
        TransientError: Somebody else changes the ontology all the time.
        RemoteError: A call was refused; those before it were applied.
    """
    path = entity_path(EntityKind.ONTOLOGY, remote_id)
    labels, gone_labels = _difference(base, document, "labels")
    attributes, gone_attributes = _difference(base, document, "attributes")
    steps = Steps()
    if gone_attributes:
        with steps.step():
            session.json("DELETE", f"{path}/attributes", json={"keys": gone_attributes})
    if to_items(attributes):
        with steps.step():
            upsert_attributes(session, remote_id, attributes)
    if labels:
        nodes = {"labelsNode": to_nodes(labels), "upsert": True}
        with steps.step():
            session.json("PATCH", f"{path}/labels", json=nodes)
    rest = document_patch(EntityKind.ONTOLOGY, base, document)
    rest = {key: rest[key] for key in ("title", "metadata") if key in rest}
    names = to_names(attributes)
    left = _remove_labels(session, path, gone_labels, steps) if gone_labels else []
    if left or rest or names:
        with steps.step():
            _replace(session, path, rest, left, names)


def _remove_labels(session: PlatformSession, path: str, tags: Collection[str], steps: Steps) -> list[str]:
    """Remove labels one by one, the deepest first; returns those that are there still and can go.

    One that has a child which stays is left alone: deleting it would delete that too.
    """
    with steps.step():
        ids = _label_ids(session, path)
    for tag in sorted(tags, key=lambda tag: tag.count("."), reverse=True):
        if tag in ids and not _below(tag, ids):
            try:
                with steps.step():
                    session.json("DELETE", f"{path}/labels/{ids[tag]}")
            except RemoteNotFoundError:
                pass  # somebody else was faster
            except PermanentError:
                break  # not by this call, then: what is left goes with the whole ontology
            del ids[tag]
    with steps.step():
        whole, _ = _whole(session, path)
    there = to_labels(whole["roots"])
    kept = set(there) - set(tags)
    return [tag for tag in tags if tag in there and not _below(tag, kept)]


def _label_ids(session: PlatformSession, path: str) -> dict[str, str]:
    """The labels of an ontology by dotted tag, with the ids of the newer API; none where it does not know this one."""
    found: dict[str, str] = {}
    number, more = 0, True
    while more:
        query = {"context": {}, "resource": "labels", "filter": {}, "page": number, "pageSize": _PAGE}
        try:
            page = session.json("POST", f"{path}/labels/query", json=query)
        except PermanentError:  # a platform without this API, or for ontologies of another kind
            return {}
        if not isinstance(page, dict) or not isinstance(page.get("items"), list):
            return {}
        found.update((node["path"], node["id"]) for node in page["items"] if {"path", "id"} <= node.keys())
        number, more = number + 1, bool(page.get("hasNextPage")) and bool(page["items"])
    return found


def _below(tag: str, tags: Collection[str]) -> bool:
    """Whether one of the tags is of a label somewhere below another."""
    return any(one.startswith(f"{tag}.") for one in tags)


def _whole(session: PlatformSession, path: str) -> tuple[dict[str, Any], str]:
    """An ontology as it is now, and the version to insist on; empty where a platform has no versions."""
    reply = session.request("GET", path)
    whole = decoded(reply)
    if not isinstance(whole, dict) or not isinstance(whole.get("roots"), list):
        raise TransientError("The platform's reply does not describe an ontology.")
    # A tag of a server that does not announce our additions means something else (docs/platform/additions.md, 2).
    return whole, reply.headers.get("ETag", "") if session.announced else ""


def _replace(
    session: PlatformSession, path: str, patch: Document, gone: Collection[str], names: list[str]
) -> None:
    """Send back an ontology with a patch applied, without some labels, and with some bare attributes."""
    for _ in range(_TRIES):
        whole, version = _whole(session, path)
        body = {**apply_patch(whole, patch), "roots": without(whole["roots"], gone)}
        if names:
            body["attributes"] = list(dict.fromkeys([*(whole.get("attributes") or []), *names]))
        try:
            session.json("PUT", path, json=body, headers={"If-Match": version} if version else None)
        except PermanentError as error:
            if not version or error.status != 412:
                raise
        else:
            return
    raise TransientError("Somebody else changes the ontology all the time.")


def upsert_attributes(session: PlatformSession, remote_id: str, attributes: Mapping[str, Any]) -> None:
    """Add or replace attributes, in one call for all.

    Args:
        session: The logged-in connection.
        remote_id: The ontology's id.
        attributes: Key → attribute; nothing is sent when it holds bare names at most.
    """
    items = to_items(attributes)
    if items:
        path = entity_path(EntityKind.ONTOLOGY, remote_id)
        session.json("PATCH", f"{path}/attributes", json={"items": items, "upsert": True})


def _difference(base: Document, document: Document, part: str) -> tuple[dict[str, Any], list[str]]:
    """What to add or replace, and which keys to remove."""
    before, after = base.get(part) or {}, document.get(part) or {}
    changed = {key: one for key, one in after.items() if key not in before or not same(before[key], one)}
    return changed, [key for key in before if key not in after]
