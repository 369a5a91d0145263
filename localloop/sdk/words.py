"""Annotations that are words, or refer to something else (docs/platform/wire.md, 5.3)."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from typing import Any, Self

from localloop.sdk.definition import Attributes, Definition
from localloop.sdk.definitions import Box


class Subtitle(Definition):
    """Words that are said in a recording.

    Args:
        text: The words.
        label: The label's tag.
        attributes: See :class:`Definition`.
        description: Free text.
    """

    type = "subtitle"

    def __init__(
        self, text: str, label: str, attributes: Attributes = None, description: str | None = None
    ) -> None:
        super().__init__(label, attributes, description)
        self.text = text

    def coordinates(self) -> Any:
        """The words."""
        return {"text": self.text}

    @classmethod
    def _read(cls, where: Any, said: dict[str, Any]) -> Self:
        return cls(where["text"], **said)


class Text(Definition):
    """A span of a text item.

    Args:
        text_type: ``block`` or ``html``.
        start: Where it begins.
        end: Where it ends.
        label: The label's tag.
        top: For HTML: how far from the top.
        left: For HTML: how far from the left.
        attributes: See :class:`Definition`.
        description: Free text.
    """

    type = "text_mark"

    def __init__(
        self,
        text_type: str,
        start: int,
        end: int,
        label: str,
        top: float | None = None,
        left: float | None = None,
        attributes: Attributes = None,
        description: str | None = None,
    ) -> None:
        super().__init__(label, attributes, description)
        self.text_type, self.start, self.end = text_type, start, end
        self.place = (top, left)

    def coordinates(self) -> Any:
        """The span, by its type."""
        span: dict[str, Any] = {
            "type": self.text_type,
            "label": self.label,
            "start": self.start,
            "end": self.end,
        }
        placed = self.text_type == "html" or None not in self.place
        return span | (dict(zip(("top", "left"), self.place, strict=True)) if placed else {})

    @classmethod
    def _read(cls, where: Any, said: dict[str, Any]) -> Self:
        place = {"top": where.get("top"), "left": where.get("left")}
        return cls(where["type"], where["start"], where["end"], **place, **said)


class FreeText(Definition):
    """Text of one's own about an item.

    Args:
        text: The text.
        label: The label's tag.
        attributes: See :class:`Definition`.
        description: Free text.
    """

    type = "text"

    def __init__(
        self,
        text: str,
        label: str = "free-text",
        attributes: Attributes = None,
        description: str | None = None,
    ) -> None:
        super().__init__(label, attributes, description)
        self.text = text

    def coordinates(self) -> Any:
        """The text itself."""
        return self.text

    @classmethod
    def _read(cls, where: Any, said: dict[str, Any]) -> Self:
        if not isinstance(where, str):
            raise TypeError("no text")
        return cls(where, **said)


class Description(Definition):
    """The description of an item, as an annotation.

    Args:
        text: The text.
        description: Free text about the annotation itself.
    """

    type = "item_description"

    def __init__(self, text: str, description: str | None = None) -> None:
        super().__init__("item.description", None, description)
        self.text = text

    def coordinates(self) -> Any:
        """The text."""
        return {"text": self.text}

    @classmethod
    def _read(cls, where: Any, said: dict[str, Any]) -> Self:
        made = cls(where["text"], said["description"])
        made.label, made.attributes = said["label"], said["attributes"]
        return made

    def to_json(self) -> dict[str, Any]:
        """As other definitions, and marked as the system's own."""
        json = super().to_json()
        json["metadata"]["system"]["system"] = True
        return json


class RefImage(Definition):
    """A picture that is said of an item, such as what a model made of it.

    Args:
        ref: An item's id, or a URL.
        ref_type: ``id`` or ``url``; told from ``ref`` when left out.
        mimetype: The media type of what the URL leads to.
        label: The label's tag.
        attributes: See :class:`Definition`.
        description: Free text.
    """

    type = "ref_image"

    def __init__(
        self,
        ref: str,
        ref_type: str | None = None,
        mimetype: str | None = None,
        label: str = "ref-image",
        attributes: Attributes = None,
        description: str | None = None,
    ) -> None:
        super().__init__(label, attributes, description)
        self.ref = ref
        self.ref_type = ref_type or ("url" if ref.startswith("http") else "id")
        self.mimetype = mimetype

    def coordinates(self) -> Any:
        """What is referred to, and how."""
        return {"ref": self.ref, "refType": self.ref_type, "mimetype": self.mimetype}

    @classmethod
    def _read(cls, where: Any, said: dict[str, Any]) -> Self:
        return cls(where["ref"], where.get("refType"), where.get("mimetype"), **said)


class Comparison(Definition):
    """Which of several answers is better.

    Args:
        coordinates: The answers, as the studio has them.
        label: The label's tag.
        attributes: See :class:`Definition`.
        description: Free text.
    """

    type = "comparison"

    def __init__(
        self, coordinates: Any, label: str, attributes: Attributes = None, description: str | None = None
    ) -> None:
        super().__init__(label, attributes, description)
        self.compared = coordinates

    def coordinates(self) -> Any:
        """The answers, as they are."""
        return copy.deepcopy(self.compared)

    @classmethod
    def _read(cls, where: Any, said: dict[str, Any]) -> Self:
        return cls(where, **said)


class Message:
    """One message of a note.

    Args:
        msg_id: Its id; the platform gives one.
        creator: Who wrote it; whoever uploads the note when left out.
        msg_time: When, in milliseconds since 1970; now when left out.
        body: The text.
    """

    def __init__(
        self,
        msg_id: str | None = None,
        creator: str | None = None,
        msg_time: int | None = None,
        body: str | None = None,
    ) -> None:
        self.id = msg_id
        self.creator = creator
        self.time = int(time.time() * 1000) if msg_time is None else msg_time
        self.body = body

    def to_json(self) -> dict[str, Any]:
        """The message as on the wire."""
        return {"id": self.id, "creator": self.creator, "time": self.time, "body": self.body}

    @staticmethod
    def from_json(_json: Mapping[str, Any]) -> Message:
        """The message of the wire's object."""
        return Message(_json.get("id"), _json.get("creator"), _json.get("time"), _json.get("body"))

    def __repr__(self) -> str:
        return f"Message(creator={self.creator!r}, body={self.body!r})"


class Note(Box):
    """A conversation at a place of an item.

    Args:
        left: Its left edge, in pixels.
        top: Its upper edge.
        right: Its right edge.
        bottom: Its lower edge.
        label: The label's tag.
        attributes: See :class:`Definition`.
        messages: Messages, or their texts.
        status: ``issue``, or what a reviewer thinks of it.
        assignee: Whom it is for; its creator when left out.
        create_time: When it was made, in milliseconds since 1970.
        creator: Who made it; whoever uploads it when left out.
        description: Free text.
    """

    type = "note"

    def __init__(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        label: str,
        attributes: Attributes = None,
        messages: Message | str | Sequence[Message | str] | None = None,
        status: str = "issue",
        assignee: str | None = None,
        create_time: int | None = None,
        creator: str | None = None,
        description: str | None = None,
    ) -> None:
        super().__init__(left, top, right, bottom, label, attributes, description)
        several = [messages] if isinstance(messages, (str, Message)) else list(messages or ())
        self.messages = [one if isinstance(one, Message) else Message(body=one) for one in several]
        self.status = status
        self.assignee = assignee
        self.create_time = create_time
        self.creator = creator

    def add_message(self, body: str | None = None, creator: str | None = None) -> None:
        """Add a message.

        Args:
            body: The text.
            creator: Who wrote it; whoever uploads the note when left out.
        """
        self.messages.append(Message(body=body, creator=creator))

    def sign(self, user: str) -> None:
        """Say who wrote what nobody is said to have written."""
        self.creator = self.creator or user
        self.assignee = self.assignee or self.creator
        for message in self.messages:
            message.creator = message.creator or user

    def coordinates(self) -> Any:
        """The box, and the note with its messages."""
        note = {
            "messages": [message.to_json() for message in self.messages],
            "status": self.status,
            "createTime": self.create_time,
            "creator": self.creator,
            "assignee": self.assignee,
        }
        return {"box": super().coordinates(), "note": note}

    @classmethod
    def _geometry(cls, coordinates: Any) -> Any:
        """An array of two opposite corners of its box."""
        return super()._geometry(coordinates["box"])

    @classmethod
    def _read(cls, where: Any, said: dict[str, Any]) -> Self:
        box = Box.from_json({"coordinates": where["box"]})
        note = where.get("note") or {}
        return cls(
            box.left,
            box.top,
            box.right,
            box.bottom,
            messages=[Message.from_json(one) for one in note.get("messages") or ()],
            status=note.get("status", "open"),
            assignee=note.get("assignee"),
            create_time=note.get("createTime"),
            creator=note.get("creator"),
            **said,
        )
