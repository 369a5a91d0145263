"""Documents to tell situations with: small ones, in which only what a row is about is said."""

from __future__ import annotations

from typing import Any


def project(name="P"):
    return {"name": name}


def member(role="engineer"):
    return {"email": "a@x", "role": role}


def ontology(title="O", attributes=None, **colours):
    """Labels by tag and colour."""
    made = {"title": title, "labels": {tag: {"color": colour} for tag, colour in colours.items()}}
    return {**made, "metadata": {}, **({"attributes": attributes} if attributes else {})}


def attribute(**fields):
    return {"key": "k", "type": "options", **fields}


def recipe(title="R", ontologies=("o",), **settings):
    made: dict[str, Any] = {"title": title, "ontologies": list(ontologies), "metadata": {}}
    return {**made, **({"settings": settings} if settings else {})}


def dataset(name="D", recipes=("r",), readonly=False, days=None, **metadata):
    made = {"name": name, "recipes": list(recipes), "readonly": readonly, "metadata": metadata}
    return {**made, **({"expirationOptions": {"itemMaxDays": days}} if days else {})}


def item(path="/a", content="one", **user):
    return {
        "filename": path,
        "metadata": {"user": user},
        "content": {"size": len(content), "digest": content},
    }


def put_into(one, task="t", assignment="a", **work):
    return {**one, "tasks": {**one.get("tasks", {}), task: {"assignment": assignment, **work}}}


def box(label="cat", x=1, attributes=None, **user):
    made = {"type": "box", "label": label, "coordinates": {"x": x, "y": 1}, "metadata": {"user": user}}
    return {**made, **({"attributes": attributes} if attributes else {})}


def drawn_by_us(one, key="client"):
    return {**one, "metadata": {**one["metadata"], "system": {"clientId": key}}}


def task(name="T", status="open", due=1, priority=2, spec="annotation", workload=("a@x",), **metadata):
    return {
        "name": name,
        "status": status,
        "dueDate": due,
        "priority": priority,
        "spec": {"type": spec},
        "workload": list(workload),
        "metadata": metadata,
    }


def assignment(name="A", annotator="a@x", status="todo"):
    return {"name": name, "annotator": annotator, "status": status, "metadata": {}}
