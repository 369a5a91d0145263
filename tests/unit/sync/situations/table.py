"""Situations of one entity: base, mirror and remote → what becomes of it.

Each row is a situation in the world, told in a sentence. The table of the design says the same in words.
"""

from __future__ import annotations

from localloop_schema.kinds import EntityKind as K
from tests.unit.sync.situations.items import ITEMS
from tests.unit.sync.situations.structure import DATASETS, MEMBERS, ONTOLOGIES, PROJECTS, RECIPES
from tests.unit.sync.situations.work import ANNOTATIONS, ASSIGNMENTS, TASKS

SITUATIONS = {
    K.PROJECT: PROJECTS,
    K.MEMBER: MEMBERS,
    K.ONTOLOGY: ONTOLOGIES,
    K.RECIPE: RECIPES,
    K.DATASET: DATASETS,
    K.ITEM: ITEMS,
    K.ANNOTATION: ANNOTATIONS,
    K.TASK: TASKS,
    K.ASSIGNMENT: ASSIGNMENTS,
}
TABLE = [(kind, row) for kind, rows in SITUATIONS.items() for row in rows]
