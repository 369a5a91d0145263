"""Changing an ontology, whose parts the platform takes by different calls (docs/platform/wire.md, 6.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localloop.platform.labels import to_items, to_names, to_nodes, without
from localloop.platform.patch import apply_patch, document_patch
from localloop.platform.reading import entity_path
from localloop.platform.session import PlatformSession
from localloop.platform.steps import Steps
from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.core.leaves import same
from localloop_sync.errors import TransientError


def update_ontology(session: PlatformSession, remote_id: str, document: Document, base: Document) -> None:
    """Send what differs between two documents of an ontology, each part by its own call.

    Labels and attributes are upserted and attributes deleted by key. A label can only be removed, and a title
    or an attribute of the oldest style only be changed, by replacing the whole ontology: it is read just before, and
    all else in it sent back.

    Args:
        session: The logged-in connection.
        remote_id: The ontology's id.
        document: The document that it shall have.
        base: The document that the caller knows.

    Raises:
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
    if gone_labels or rest or names:
        with steps.step():
            whole = session.json("GET", path)
            if not isinstance(whole, dict) or not isinstance(whole.get("roots"), list):
                raise TransientError("The platform's reply does not describe an ontology.")
            body = {**apply_patch(whole, rest), "roots": without(whole["roots"], gone_labels)}
            if names:
                body["attributes"] = list(dict.fromkeys([*(whole.get("attributes") or []), *names]))
            session.json("PUT", path, json=body)


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
