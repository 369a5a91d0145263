"""The entity kinds, in the order in which they depend on one another."""

from __future__ import annotations

from enum import StrEnum


class EntityKind(StrEnum):
    """What an entity is. A kind may refer only to kinds above it (and an annotation to its parent annotation)."""

    PROJECT = "project"
    MEMBER = "member"
    ONTOLOGY = "ontology"
    RECIPE = "recipe"
    DATASET = "dataset"
    ITEM = "item"
    ANNOTATION = "annotation"
    TASK = "task"
    ASSIGNMENT = "assignment"


#: Which parents an entity of each kind names, in its own columns ``<parent>_id``.
PARENTS: dict[EntityKind, tuple[EntityKind, ...]] = {
    EntityKind.PROJECT: (),
    EntityKind.MEMBER: (EntityKind.PROJECT,),
    EntityKind.ONTOLOGY: (EntityKind.PROJECT,),
    EntityKind.RECIPE: (EntityKind.PROJECT,),
    EntityKind.DATASET: (EntityKind.PROJECT,),
    EntityKind.ITEM: (EntityKind.DATASET,),
    EntityKind.ANNOTATION: (EntityKind.DATASET, EntityKind.ITEM),
    EntityKind.TASK: (EntityKind.PROJECT, EntityKind.DATASET, EntityKind.RECIPE),
    EntityKind.ASSIGNMENT: (EntityKind.PROJECT, EntityKind.DATASET, EntityKind.TASK),
}
