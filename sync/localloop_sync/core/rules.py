"""What differs between kinds: which values are atoms, where ids stand, who wins what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localloop_schema.kinds import EntityKind
from localloop_sync.core.leaves import Path


@dataclass(frozen=True, slots=True)
class Rules:
    """How documents of one kind are taken apart.

    Attributes:
        atoms: Paths whose value is one value even when it is an object.
        references: Paths that hold an id, or an array of ids, of another kind. ``*`` in a path is any key.
        keyed: Paths of objects whose keys are ids of another kind.
        units: Paths of objects each of whose values stands or falls as one: where one side took it away and the
            other changed something in it, that is a conflict about all of it.
        dealt: Paths (``*`` is any key) whose value the platform decides when both sides gave one where there was
            none: such as whom of a task's assignees an item is dealt to.
        slight: Paths (``*`` is any key) that say where an entity is entered rather than what it is: a change of them
            does not hold up its deletion on the other side.
        later: Keys of the document that go to the platform in a request of their own, when all else is there.
        closing: Keys of the document that let nothing below it be changed once they are true: that goes to the platform
            when all below is there, and what opens it again goes first.
        platform_first: Path prefixes where the platform's value wins without a conflict when an entity is new on
            both sides, because the local one was only a guess of what the platform will derive.
        unfilled: Those of them whose empty array or false is what the platform has before anything was said: a
            creation may take more than one request, and what did not arrive must not undo what was entered here.
        key: The path that is the natural key within the parent, by which a create is found again.
    """

    atoms: frozenset[Path] = frozenset()
    references: tuple[tuple[Path, EntityKind], ...] = ()
    keyed: tuple[tuple[Path, EntityKind], ...] = ()
    units: tuple[Path, ...] = ()
    dealt: tuple[Path, ...] = ()
    slight: tuple[Path, ...] = ()
    later: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()
    platform_first: tuple[Path, ...] = ()
    unfilled: tuple[Path, ...] = ()
    key: Path = ()

    @property
    def apart(self) -> frozenset[str]:
        """Keys that may be missing on the platform when all else of a creation is there."""
        return frozenset((*self.later, *self.closing))

    def derived(self, path: Path, there: Any) -> bool:
        """Whether a value is one that the platform derived, and knows better than a guess made here.

        Args:
            path: Where it is.
            there: The platform's value.

        Returns:
            False for a field that the platform has not filled.
        """
        if path in self.unfilled and (there == [] or there is False):
            return False
        return any(path[: len(prefix)] == prefix for prefix in self.platform_first)


CONTENT: Path = ("content",)
TASKS: Path = ("tasks",)

RULES: dict[EntityKind, Rules] = {
    EntityKind.PROJECT: Rules(key=("name",)),
    EntityKind.MEMBER: Rules(key=("email",)),
    EntityKind.ONTOLOGY: Rules(
        key=("title",),
        units=(("labels",), ("attributes",)),
        platform_first=(("title",), ("metadata",)),
    ),
    EntityKind.RECIPE: Rules(
        key=("title",),
        references=((("ontologies",), EntityKind.ONTOLOGY),),
        platform_first=(("settings",), ("metadata",), ("title",)),
    ),
    EntityKind.DATASET: Rules(
        key=("name",),
        atoms=frozenset({("expirationOptions",)}),
        references=((("recipes",), EntityKind.RECIPE),),
        closing=("readonly",),
        platform_first=(("recipes",), ("readonly",)),
        unfilled=(("recipes",), ("readonly",)),
    ),
    EntityKind.ITEM: Rules(
        key=("filename",),
        atoms=frozenset({CONTENT}),
        references=(((*TASKS, "*", "assignment"), EntityKind.ASSIGNMENT),),
        keyed=((TASKS, EntityKind.TASK),),
        units=(TASKS,),
        dealt=((*TASKS, "*", "assignment"),),
        slight=((*TASKS, "*"), (*TASKS, "*", "assignment")),
        later=TASKS,
        platform_first=(("metadata", "system"),),
    ),
    EntityKind.ANNOTATION: Rules(
        key=("metadata", "system", "clientId"),
        atoms=frozenset({("coordinates",)}),
        references=((("metadata", "system", "parentId"), EntityKind.ANNOTATION),),
        platform_first=(("source",), ("metadata", "system")),
    ),
    EntityKind.TASK: Rules(
        key=("name",),
        atoms=frozenset({("spec",)}),
        references=((("spec", "parentTaskId"), EntityKind.TASK),),
        platform_first=(("status",), ("availableActions",), ("workload",), ("query",), ("spec",)),
    ),
    EntityKind.ASSIGNMENT: Rules(key=("annotator",), platform_first=(("name",), ("status",))),
}
