"""The tables, one subject a file. Importing this package registers them all on ``SQLModel.metadata``."""

from __future__ import annotations

from localloop_schema.kinds import EntityKind
from localloop_schema.tables.annotation import Annotation
from localloop_schema.tables.blob import Blob
from localloop_schema.tables.dataset import Dataset
from localloop_schema.tables.entity import Entity
from localloop_schema.tables.feed import FeedEntry, FeedEpoch, FeedPosition
from localloop_schema.tables.item import Item
from localloop_schema.tables.operation import Operation
from localloop_schema.tables.project import Member, Project
from localloop_schema.tables.recipe import Ontology, Recipe
from localloop_schema.tables.setting import Setting
from localloop_schema.tables.sync import (
    BaseSnapshot,
    Checkpoint,
    Conflict,
    Subscription,
    Tombstone,
    Unfollowed,
)
from localloop_schema.tables.task import Assignment, Task

#: The mirror table of each kind.
MODELS: dict[EntityKind, type[Entity]] = {
    EntityKind.PROJECT: Project,
    EntityKind.MEMBER: Member,
    EntityKind.ONTOLOGY: Ontology,
    EntityKind.RECIPE: Recipe,
    EntityKind.DATASET: Dataset,
    EntityKind.ITEM: Item,
    EntityKind.ANNOTATION: Annotation,
    EntityKind.TASK: Task,
    EntityKind.ASSIGNMENT: Assignment,
}

__all__ = [
    "MODELS",
    "Annotation",
    "Assignment",
    "BaseSnapshot",
    "Blob",
    "Checkpoint",
    "Conflict",
    "Dataset",
    "Entity",
    "FeedEntry",
    "FeedEpoch",
    "FeedPosition",
    "Item",
    "Member",
    "Ontology",
    "Operation",
    "Project",
    "Recipe",
    "Setting",
    "Subscription",
    "Task",
    "Tombstone",
    "Unfollowed",
]
