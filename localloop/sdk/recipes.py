"""Recipes and ontologies, to look at and to rename."""

from __future__ import annotations

from collections.abc import Sequence

from localloop.errors import NotFound
from localloop.sdk.entity import Entity, EntityList, Field, Json
from localloop.sdk.labels import Label, LabelList
from localloop.sdk.shape import shaped
from localloop.store import Store
from localloop.store.recipes import replace_ontology, update_recipe
from localloop_schema.kinds import EntityKind


class Ontology(Entity):
    """Labels and attributes."""

    kind = EntityKind.ONTOLOGY
    _shown = ("id", "title", "creator", "created_at")

    title = Field[str]("title")
    metadata = Field[Json]("metadata")

    @property
    def labels(self) -> LabelList:
        """The labels as a tree."""
        return LabelList(Label.from_root(root) for root in self._json["roots"])

    def update(self) -> Ontology:
        """Store the title and the metadata; labels are changed through the dataset.

        Returns:
            This ontology, as it then is.
        """
        with self._store.transaction(f"update ontology {self.title}") as tx:
            row = replace_ontology(tx, tx.row(self.kind, self.id), self._changes())
        self._take(shaped(self._store, self.kind, [row])[0])
        return self


class Recipe(Entity):
    """How a dataset is to be annotated."""

    kind = EntityKind.RECIPE
    _shown = ("id", "title", "creator", "ontology_ids", "created_at")

    title = Field[str]("title")
    description = Field["str | None"]("description")
    ontology_ids = Field["list[str]"]("ontologyIds")
    metadata = Field[Json]("metadata")

    @property
    def ontologies(self) -> EntityList[Ontology]:
        """The recipe's ontologies."""
        rows = [self._store.get(EntityKind.ONTOLOGY, one) for one in self.ontology_ids]
        live = [row for row in rows if row is not None]
        return EntityList(
            Ontology(self._store, one) for one in shaped(self._store, EntityKind.ONTOLOGY, live)
        )

    def update(self, system_metadata: bool = False) -> Recipe:
        """Store what was changed.

        Args:
            system_metadata: Whether ``metadata.system`` is meant.

        Returns:
            This recipe, as it then is.
        """
        with self._store.transaction(f"update recipe {self.title}") as tx:
            row = update_recipe(tx, tx.row(self.kind, self.id), self._changes(), system=system_metadata)
        self._take(shaped(self._store, self.kind, [row])[0])
        return self


class Recipes:
    """The recipes of a dataset, or of a project.

    Args:
        store: Where they are.
        project_id: Their project.
        recipe_ids: Which ones; None for all of the project.
    """

    def __init__(
        self, store: Store, project_id: str | None = None, recipe_ids: Sequence[str] | None = None
    ) -> None:
        self._store = store
        self._project_id = project_id
        self._recipe_ids = recipe_ids

    def get(self, recipe_id: str) -> Recipe:
        """One recipe by its local or platform id.

        Raises:
            NotFound: There is none.
        """
        row = self._store.get(EntityKind.RECIPE, recipe_id)
        if row is None:
            raise NotFound("404", f"Recipe not found. Id: {recipe_id!r}")
        return Recipe(self._store, shaped(self._store, EntityKind.RECIPE, [row])[0])

    def list(self) -> EntityList[Recipe]:
        """The recipes."""
        within = {} if self._project_id is None else {"project_id": self._project_id}
        rows = self._store.rows(EntityKind.RECIPE, **within)
        if self._recipe_ids is not None:
            rows = [row for row in rows if row["id"] in self._recipe_ids]
        return EntityList(Recipe(self._store, one) for one in shaped(self._store, EntityKind.RECIPE, rows))
