"""Recipes, and the ontologies with labels and attributes that they name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from localloop.errors import BadRequest, Conflict, NotFound
from localloop.sdk.entity import Entity, EntityList, Field, Json, text_of
from localloop.sdk.labels import Label, LabelList, node_of, one_label
from localloop.sdk.platform_only import WithPlatformOnly
from localloop.sdk.shape import shaped
from localloop.store import Store, Transaction
from localloop.store.labels import colour, delete_attributes, delete_labels, upsert_attributes, upsert_labels
from localloop.store.recipes import (
    clone_recipe,
    create_ontology,
    create_recipe,
    delete_recipe,
    replace_ontology,
    update_recipe,
)
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row


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

    def update(self, system_metadata: bool = False) -> Ontology:
        """Store the title and the metadata; labels have calls of their own.

        Args:
            system_metadata: Whether ``metadata.system`` is meant.

        Returns:
            This ontology, as it then is.
        """
        with self._store.transaction(f"update ontology {self.title}") as tx:
            row = replace_ontology(tx, tx.row(self.kind, self.id), self._changes(), system=system_metadata)
        return self._become(row)

    def delete(self) -> bool:
        """Delete it.

        Raises:
            Conflict: A recipe has it.
        """
        with self._store.transaction(f"delete ontology {self.title}") as tx:
            row = tx.row(self.kind, self.id)
            users = [
                one["title"]
                for one in tx.rows(EntityKind.RECIPE, project_id=row["project_id"])
                if row["id"] in (one["ontologies"] or [])
            ]
            if users:
                raise Conflict("409", f"The ontology is used by the recipe {users[0]!r}.")
            tx.delete(self.kind, row)
        return True

    def add_label(
        self,
        label_name: str | None = None,
        color: str | Sequence[int] | None = None,
        children: Sequence[Any] | None = None,
        attributes: Sequence[str] | None = None,
        display_label: str | None = None,
        label: Label | None = None,
    ) -> LabelList:
        """Add a label; one that is there is changed. It is stored at once, see :meth:`Dataset.add_label`."""
        return self.add_labels([one_label(label_name, color, children, attributes, display_label, label)])

    def add_labels(self, label_list: Iterable[Any]) -> LabelList:
        """Add labels, all in one operation.

        Args:
            label_list: Tags, labels, or parts of labels.

        Returns:
            All labels.
        """
        return self.update_labels(label_list, upsert=True)

    def update_label(
        self,
        label_name: str | None = None,
        color: str | Sequence[int] | None = None,
        children: Sequence[Any] | None = None,
        attributes: Sequence[str] | None = None,
        display_label: str | None = None,
        label: Label | None = None,
        upsert: bool = False,
    ) -> LabelList:
        """Change a label; see :meth:`Dataset.update_label`.

        Raises:
            NotFound: ``upsert`` is false and it is not there.
        """
        node = one_label(label_name, color, children, attributes, display_label, label)
        return self.update_labels([node], upsert=upsert)

    def update_labels(self, label_list: Iterable[Any], upsert: bool = False) -> LabelList:
        """Change labels, all in one operation.

        Args:
            label_list: Tags, labels, or parts of labels.
            upsert: Whether labels that are not there may be added.

        Returns:
            All labels.

        Raises:
            NotFound: ``upsert`` is false and one is not there.
        """
        nodes = [node_of(one) for one in label_list]
        with self._store.transaction(f"label {', '.join(str(one['tag']) for one in nodes)}") as tx:
            row = upsert_labels(tx, tx.row(self.kind, self.id), nodes, upsert=upsert)
        return self._become(row).labels

    def delete_labels(self, label_names: str | Label | Iterable[str | Label]) -> bool:
        """Remove labels and all below them; one that is not there is no error.

        Returns:
            True.
        """
        several = [label_names] if isinstance(label_names, str | Label) else list(label_names)
        names = [one.tag if isinstance(one, Label) else one for one in several]
        with self._store.transaction(f"delete labels {', '.join(names)}") as tx:
            self._become(delete_labels(tx, tx.row(self.kind, self.id), names))
        return True

    def update_attributes(
        self,
        title: str,
        key: str,
        attribute_type: str,
        scope: Sequence[str] | None = None,
        optional: bool | None = None,
        values: Sequence[str] | None = None,
        attribute_range: Mapping[str, float] | None = None,
    ) -> bool:
        """Add an attribute, or replace the one with its key; see :meth:`Dataset.update_attributes`.

        Returns:
            True.
        """
        attribute = {
            "title": title,
            "key": key,
            "type": text_of(attribute_type),
            "scope": None if scope is None else list(scope),
            "optional": optional,
            "values": None if values is None else list(values),
            "range": None if attribute_range is None else dict(attribute_range),
        }
        given = {name: value for name, value in attribute.items() if value is not None}
        with self._store.transaction(f"attribute {key}") as tx:
            self._become(upsert_attributes(tx, tx.row(self.kind, self.id), [{"scope": ["*"], **given}]))
        return True

    def delete_attributes(self, keys: Sequence[str] | str) -> bool:
        """Remove attributes by key; one that is not there is no error.

        Returns:
            True.
        """
        gone = [keys] if isinstance(keys, str) else list(keys)
        with self._store.transaction(f"delete attributes {', '.join(gone)}") as tx:
            self._become(delete_attributes(tx, tx.row(self.kind, self.id), gone))
        return True

    def copy_from(self, ontology_json: Mapping[str, Any]) -> Ontology:
        """Take over the labels and attributes of an ontology's JSON, in place of its own; it is stored at once.

        Args:
            ontology_json: An ontology as :meth:`to_json` gives it; its title and its other metadata stay behind.

        Returns:
            This ontology, as it then is.

        Raises:
            BadRequest: The labels or attributes make no sense.
        """
        said = ontology_json.get("metadata")
        wire = {
            "roots": ontology_json.get("roots") or [],
            "attributes": ontology_json.get("attributes") or [],
            "metadata": {"attributes": (said if isinstance(said, Mapping) else {}).get("attributes") or []},
        }
        with self._store.transaction(f"copy into ontology {self.title}") as tx:
            row = replace_ontology(tx, tx.row(self.kind, self.id), wire)
        return self._become(row)

    def _become(self, row: Row) -> Ontology:
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

    def delete(self, force: bool = False) -> bool:
        """Delete it; its ontologies stay.

        Args:
            force: Whether it may go although datasets use it.

        Raises:
            Conflict: A task uses it, or a dataset and ``force`` is false.
        """
        with self._store.transaction(f"delete recipe {self.title}") as tx:
            delete_recipe(tx, tx.row(self.kind, self.id), force=force)
        return True

    def clone(self, shallow: bool = False) -> Recipe:
        """Copy it within its project, with copies of its ontologies.

        Args:
            shallow: Whether the copy names the same ontologies.

        Returns:
            The copy.
        """
        with self._store.transaction(f"clone recipe {self.title}") as tx:
            row = clone_recipe(tx, tx.row(self.kind, self.id), shallow=shallow)
        return Recipe(self._store, shaped(self._store, self.kind, [row])[0])


class Recipes(WithPlatformOnly):
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

    def create(
        self,
        project_ids: Sequence[str] | str | None = None,
        ontology_ids: Sequence[str] | str | None = None,
        labels: Iterable[Any] | None = None,
        recipe_name: str | None = None,
        attributes: Sequence[str] | None = None,
    ) -> Recipe:
        """Create a recipe, with a new ontology unless some are named.

        Args:
            project_ids: Its project, by either id; this repository's when left out.
            ontology_ids: Its ontologies, by either id.
            labels: Labels of the new ontology.
            recipe_name: Its title.
            attributes: Attributes of the new ontology, in the old style.

        Returns:
            The recipe.

        Raises:
            BadRequest: No project is named.
        """
        named = [ontology_ids] if isinstance(ontology_ids, str) else list(ontology_ids or ())
        title = recipe_name or "Default Recipe"
        with self._store.transaction(f"create recipe {title}") as tx:
            project = _project_of(tx, project_ids, self._project_id)
            ontologies = [tx.row(EntityKind.ONTOLOGY, one)["id"] for one in named]
            if not ontologies:
                row = create_ontology(tx, project, f"{title} Ontology", attributes=attributes or ())
                row = upsert_labels(tx, row, [node_of(one) for one in labels or ()])
                ontologies = [row["id"]]
            recipe = create_recipe(tx, project, title, ontologies)
        return self.get(recipe["id"])

    def clone(
        self, recipe: Recipe | None = None, recipe_id: str | None = None, shallow: bool = False
    ) -> Recipe:
        """Copy a recipe, with copies of its ontologies.

        Args:
            recipe: The recipe.
            recipe_id: Its local or platform id instead.
            shallow: Whether the copy names the same ontologies.

        Returns:
            The copy.

        Raises:
            BadRequest: Neither is given.
            NotFound: There is none.
        """
        if recipe is None and recipe_id is None:
            raise BadRequest("400", "Must provide recipe or recipe_id")
        return (self.get(str(recipe_id)) if recipe is None else recipe).clone(shallow)

    def update(self, recipe: Recipe, system_metadata: bool = False) -> Recipe:
        """Store what was changed in a recipe; see :meth:`Recipe.update`."""
        return recipe.update(system_metadata)

    def delete(self, recipe_id: str, force: bool = False) -> bool:
        """Delete a recipe; see :meth:`Recipe.delete`."""
        return self.get(recipe_id).delete(force)


class Ontologies(WithPlatformOnly):
    """The ontologies of a project, a recipe, or the whole store.

    Args:
        store: Where they are.
        project_id: Their project; None for all.
    """

    def __init__(self, store: Store, project_id: str | None = None) -> None:
        self._store = store
        self._project_id = project_id

    def create(
        self,
        labels: Iterable[Any],
        title: str | None = None,
        project_ids: Sequence[str] | str | None = None,
        attributes: Sequence[str] | None = None,
    ) -> Ontology:
        """Create an ontology.

        Args:
            labels: Tags, labels, or parts of labels.
            title: Its title.
            project_ids: Its project, by either id; this repository's when left out.
            attributes: Attributes in the old style.

        Raises:
            BadRequest: No project is named.
        """
        name = title or "Default Ontology"
        with self._store.transaction(f"create ontology {name}") as tx:
            project = _project_of(tx, project_ids, self._project_id)
            row = create_ontology(tx, project, name, attributes=attributes or ())
            row = upsert_labels(tx, row, [node_of(one) for one in labels])
        return self.get(row["id"])

    def get(self, ontology_id: str) -> Ontology:
        """One ontology by its local or platform id.

        Raises:
            NotFound: There is none.
        """
        row = self._store.get(EntityKind.ONTOLOGY, ontology_id)
        if row is None:
            raise NotFound("404", f"Ontology not found. Id: {ontology_id!r}")
        return Ontology(self._store, shaped(self._store, EntityKind.ONTOLOGY, [row])[0])

    def list(self, project_ids: Sequence[str] | None = None) -> EntityList[Ontology]:
        """The ontologies.

        Args:
            project_ids: Only those of these projects, by their local ids.
        """
        wanted = project_ids if project_ids is not None else [self._project_id] if self._project_id else None
        rows = self._store.rows(EntityKind.ONTOLOGY)
        found = [row for row in rows if wanted is None or row["project_id"] in wanted]
        return EntityList(
            Ontology(self._store, one) for one in shaped(self._store, EntityKind.ONTOLOGY, found)
        )

    def update(self, ontology: Ontology, system_metadata: bool = False) -> Ontology:
        """Store what was changed in an ontology; see :meth:`Ontology.update`."""
        return ontology.update(system_metadata)

    def delete(self, ontology_id: str) -> bool:
        """Delete an ontology; see :meth:`Ontology.delete`."""
        return self.get(ontology_id).delete()

    @staticmethod
    def labels_to_roots(labels: Mapping[str, Any] | Iterable[Any]) -> Sequence[Json]:
        """Labels as the tree that the platform's API has.

        Args:
            labels: Colours by tag; or a list of labels, of nodes of the tree, or of parts of labels.

        Returns:
            Nodes with ``value`` and ``children``; a colour of three numbers has become ``#rrggbb``.
        """
        several: Iterable[Any] = labels
        if isinstance(labels, Mapping):
            several = [{"tag": tag, "color": color} for tag, color in labels.items()]
        nodes = [one.to_root() if isinstance(one, Label) else _root(one) for one in several]
        for node in nodes:
            shade = node["value"].get("color")
            if shade is not None and not isinstance(shade, str):
                node["value"]["color"] = colour(shade)
        return nodes

    def update_attributes(
        self,
        ontology_id: str,
        title: str,
        key: str,
        attribute_type: str,
        scope: Sequence[str] | None = None,
        optional: bool | None = None,
        values: Sequence[str] | None = None,
        attribute_range: Mapping[str, float] | None = None,
    ) -> bool:
        """Add an attribute, or replace the one with its key; see :meth:`Dataset.update_attributes`."""
        return self.get(ontology_id).update_attributes(
            title, key, attribute_type, scope, optional, values, attribute_range
        )

    def delete_attributes(self, ontology_id: str, keys: Sequence[str] | str) -> bool:
        """Remove attributes by key; one that is not there is no error."""
        return self.get(ontology_id).delete_attributes(keys)


def _project_of(tx: Transaction, named: Sequence[str] | str | None, own: str | None) -> str:
    wanted = named if isinstance(named, str) else next(iter(named or ()), own)
    if wanted is None:
        raise BadRequest("400", "Name a project: project_ids, or use project.recipes.")
    return str(tx.row(EntityKind.PROJECT, wanted)["id"])


def _root(label: Mapping[str, Any]) -> Json:
    """A node of the wire's tree of one, or of parts of a label."""
    if "value" in label:
        return {"value": dict(label["value"]), "children": list(label.get("children") or [])}
    value = {
        "tag": label.get("tag"),
        "color": label.get("color", "#FFFFFF"),
        "attributes": list(label.get("attributes") or []),
    }
    return {"value": value, "children": list(label.get("children") or [])}
