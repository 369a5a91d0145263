"""Datasets, and the repository of a project's datasets."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localloop.errors import BadRequest, Forbidden, NotFound
from localloop.sdk.annotations import Annotations
from localloop.sdk.colors import colors
from localloop.sdk.entity import Entity, EntityList, Field, Json, text_of
from localloop.sdk.filters import Filters
from localloop.sdk.items import Items
from localloop.sdk.labels import DatasetLabels, Label, LabelList, node_of
from localloop.sdk.recipes import Recipes
from localloop.sdk.shape import shaped
from localloop.sdk.tasks import Tasks
from localloop.store import Store
from localloop.store.datasets import create_dataset, update_dataset
from localloop_schema.kinds import EntityKind
from localloop_schema.rows import Row

if TYPE_CHECKING:
    from localloop.sdk.projects import Project

logger = logging.getLogger("localloop")

#: The store's setting that names the dataset to use when none is given.
CHECKED_OUT = "checked_out_dataset"


class IndexDriver(StrEnum):
    """How the platform indexes a dataset."""

    V1 = "v1"
    V2 = "v2"


class Dataset(Entity):
    """A set of items with their annotations."""

    kind = EntityKind.DATASET
    _shown = (
        "id",
        "url",
        "name",
        "creator",
        "items_count",
        "expiration_options",
        "index_driver",
        "created_at",
    )

    name = Field[str]("name")
    projects = Field["list[str]"]("projects")
    items_count = Field[int]("itemsCount")
    annotated = Field[int]("annotated")
    annotations_count = Field[int]("annotationsCount")
    expiration_options = Field["Json | None"]("expirationOptions")
    index_driver = Field[str]("indexDriver")
    readonly = Field[bool]("readonly")
    metadata = Field[Json]("metadata")

    @property
    def items(self) -> Items:
        """The dataset's items."""
        return Items(self._store, self.id)

    @property
    def annotations(self) -> Annotations:
        """The annotations of all its items."""
        return Annotations(self._store, self.id)

    @property
    def tasks(self) -> Tasks:
        """The dataset's tasks."""
        return Tasks(self._store, dataset_id=self.id)

    @property
    def recipes(self) -> Recipes:
        """The dataset's recipes."""
        return Recipes(self._store, recipe_ids=self.get_recipe_ids())

    @property
    def project(self) -> Project:
        """The dataset's project."""
        from localloop.sdk.projects import Projects  # noqa: PLC0415 - projects are built on datasets

        return Projects(self._store).get(project_id=self.projects[0])

    def get_recipe_ids(self) -> list[str]:
        """The local ids of the dataset's recipes."""
        return list(self.metadata["system"]["recipes"])

    @property
    def labels(self) -> LabelList:
        """The labels that its recipe has, as a tree."""
        return self._labels.list()

    @property
    def labels_flat_dict(self) -> dict[str, Label]:
        """Every label by its dotted tag."""
        return self.labels.flat

    @property
    def instance_map(self) -> dict[str, int]:
        """Label → the number that it has in instance masks: the labels in order, from 1 on."""
        return colors(self._store, self.id).numbers

    @property
    def _labels(self) -> DatasetLabels:
        return DatasetLabels(self._store, self.id)

    def add_label(
        self,
        label_name: str | None = None,
        color: str | Sequence[int] | None = None,
        children: Sequence[Any] | None = None,
        attributes: Sequence[str] | None = None,
        display_label: str | None = None,
        label: Label | None = None,
        recipe_id: str | None = None,
        ontology_id: str | None = None,
    ) -> LabelList:
        """Add a label to the dataset's recipe; one that is there is changed.

        Args:
            label_name: Its dotted tag; ancestors that are missing are added.
            color: ``#rrggbb``, ``rgb(r,g,b)`` or three numbers; always the same for the same tag when left out.
            children: Labels below it.
            attributes: Attributes in the old style.
            display_label: The text that people see.
            label: A whole label instead.
            recipe_id: Another recipe than the dataset's first.
            ontology_id: Another ontology than the recipe's first.

        Returns:
            All labels.

        Raises:
            BadRequest: The label makes no sense.
        """
        node = _one_label(label_name, color, children, attributes, display_label, label)
        return self._labels.upsert([node], upsert=True, recipe_id=recipe_id, ontology_id=ontology_id)

    def add_labels(
        self, label_list: Iterable[Any], ontology_id: str | None = None, recipe_id: str | None = None
    ) -> LabelList:
        """Add labels, all in one operation.

        Args:
            label_list: Tags, labels, or parts of labels.
            ontology_id: Another ontology than the recipe's first.
            recipe_id: Another recipe than the dataset's first.

        Returns:
            All labels.
        """
        return self._labels.upsert(
            list(label_list), upsert=True, recipe_id=recipe_id, ontology_id=ontology_id
        )

    def update_label(
        self,
        label_name: str | None = None,
        color: str | Sequence[int] | None = None,
        children: Sequence[Any] | None = None,
        attributes: Sequence[str] | None = None,
        display_label: str | None = None,
        label: Label | None = None,
        recipe_id: str | None = None,
        ontology_id: str | None = None,
        upsert: bool = False,
    ) -> LabelList:
        """Change a label; see :meth:`add_label`.

        Raises:
            NotFound: ``upsert`` is false and it is not there.
        """
        node = _one_label(label_name, color, children, attributes, display_label, label)
        return self._labels.upsert([node], upsert=upsert, recipe_id=recipe_id, ontology_id=ontology_id)

    def update_labels(
        self,
        label_list: Iterable[Any],
        ontology_id: str | None = None,
        recipe_id: str | None = None,
        upsert: bool = False,
    ) -> LabelList:
        """Change labels, all in one operation; see :meth:`add_labels`.

        Raises:
            NotFound: ``upsert`` is false and one is not there.
        """
        return self._labels.upsert(
            list(label_list), upsert=upsert, recipe_id=recipe_id, ontology_id=ontology_id
        )

    def delete_labels(self, label_names: str | Label | Iterable[str | Label]) -> None:
        """Remove labels and all below them; one that is not there is no error."""
        several = [label_names] if isinstance(label_names, (str, Label)) else list(label_names)
        self._labels.delete(several)

    def update(self, system_metadata: bool = False) -> Dataset:
        """Store what was changed: the name, the metadata.

        Args:
            system_metadata: Whether ``metadata.system`` is meant.

        Returns:
            This dataset, as it then is.

        Raises:
            BadRequest: The name is taken.
        """
        with self._store.transaction(f"update dataset {self.name}") as tx:
            row = update_dataset(tx, tx.row(self.kind, self.id), self._changes(), system=system_metadata)
        self._take(shaped(self._store, self.kind, [row])[0])
        return self

    def switch_recipe(self, recipe_id: str) -> Dataset:
        """Use another recipe.

        Returns:
            This dataset, as it then is.
        """
        self.metadata["system"]["recipes"] = [recipe_id]
        return self.update(system_metadata=True)

    def delete(self, sure: bool = False, really: bool = False) -> bool:
        """Delete the dataset with all that is in it.

        Args:
            sure: Whether you are sure.
            really: Whether you really are.

        Returns:
            True.

        Raises:
            Forbidden: You are not.
        """
        _make_sure(sure, really, "dataset")
        with self._store.transaction(f"delete dataset {self.name}") as tx:
            tx.delete(self.kind, tx.row(self.kind, self.id))
        return True

    def download(
        self,
        filters: Filters | None = None,
        local_path: str | Path | None = None,
        overwrite: bool = False,
        to_items_folder: bool = True,
    ) -> Iterator[str]:
        """Put the content of items into files; see :meth:`Items.download`."""
        return self.items.download(
            filters, local_path=local_path, overwrite=overwrite, to_items_folder=to_items_folder
        )

    def checkout(self) -> None:
        """Make this the dataset to use when none is named."""
        self._store.set_settings({CHECKED_OUT: self.id})


class Datasets:
    """The datasets of a project, or of the whole store.

    Args:
        store: Where they are.
        project_id: Their project; None for all.
    """

    def __init__(self, store: Store, project_id: str | None = None) -> None:
        self._store = store
        self._project_id = project_id

    def create(
        self,
        dataset_name: str,
        labels: Iterable[Any] | Mapping[str, Any] | None = None,
        attributes: Sequence[Mapping[str, Any]] | None = None,
        checkout: bool = False,
        expiration_options: Mapping[str, Any] | None = None,
        index_driver: IndexDriver | str = IndexDriver.V1,
        recipe_id: str | None = None,
    ) -> Dataset:
        """Create a dataset with a recipe of its own.

        Args:
            dataset_name: Its name, unlike that of every other dataset of the project.
            labels: Labels to begin with: as for :meth:`Dataset.add_labels`, or colours by tag.
            attributes: Attributes to begin with, as on the wire.
            checkout: Whether to make it the dataset to use when none is named.
            expiration_options: ``{"itemMaxDays": n}``.
            index_driver: How the platform indexes it.
            recipe_id: A recipe that is there already, instead of one of its own.

        Returns:
            The dataset.

        Raises:
            BadRequest: The name is empty or taken, or no project is known.
        """
        if self._project_id is None:
            raise BadRequest("400", "This needs the datasets of one project: project.datasets")
        if isinstance(labels, Mapping):
            labels = [{"tag": tag, "color": shade} for tag, shade in labels.items()]
        with self._store.transaction(f"create dataset {dataset_name}") as tx:
            row = create_dataset(
                tx,
                tx.row(EntityKind.PROJECT, self._project_id),
                dataset_name,
                recipe_id=recipe_id,
                labels=None if labels is None else [node_of(label) for label in labels],
                attributes=attributes,
                expiration_options=expiration_options,
                index_driver=str(text_of(index_driver)),
            )
        return self._checked_out(self._build([row])[0], checkout)

    def get(
        self, dataset_name: str | None = None, dataset_id: str | None = None, checkout: bool = False
    ) -> Dataset:
        """One dataset by its name, or by its local or platform id; the checked-out one when neither is given.

        Args:
            dataset_name: The name.
            dataset_id: The id.
            checkout: Whether to make it the dataset to use when none is named.

        Raises:
            BadRequest: Several have this name; or nothing is named and nothing is checked out.
            NotFound: There is none.
        """
        if dataset_id is None and dataset_name is None:
            dataset_id = self._store.settings().get(CHECKED_OUT)
            if dataset_id is None:
                raise BadRequest("400", "No dataset is checked out: name one, or check one out")
        if dataset_id is not None:
            row = self._store.get(EntityKind.DATASET, dataset_id)
            if row is None:
                raise NotFound("404", f"Dataset not found. Id: {dataset_id!r}")
            if dataset_name is not None and row["name"] != dataset_name:
                logger.warning("The dataset %s is named %r, not %r", dataset_id, row["name"], dataset_name)
        else:
            row = self._named(dataset_name or "")
        return self._checked_out(self._build([row])[0], checkout)

    def list(self, name: str | None = None, creator: str | None = None) -> EntityList[Dataset]:
        """The datasets; those that the platform keeps for itself are left out.

        Args:
            name: Only those of this name.
            creator: Only those that this person created.
        """
        equal = {"project_id": self._project_id, "name": name, "creator": creator}
        given = {key: value for key, value in equal.items() if value is not None}
        return EntityList(self._build(self._store.rows(EntityKind.DATASET, system=False, **given)))

    def delete(
        self,
        dataset_name: str | None = None,
        dataset_id: str | None = None,
        sure: bool = False,
        really: bool = False,
    ) -> bool:
        """Delete a dataset with all that is in it.

        Args:
            dataset_name: Its name, or
            dataset_id: its id.
            sure: Whether you are sure.
            really: Whether you really are.

        Returns:
            True.

        Raises:
            Forbidden: You are not.
            NotFound: There is none.
        """
        _make_sure(sure, really, "dataset")
        return self.get(dataset_name, dataset_id).delete(sure=sure, really=really)

    def update(self, dataset: Dataset, system_metadata: bool = False) -> Dataset:
        """Store what was changed in a dataset."""
        return dataset.update(system_metadata=system_metadata)

    def _named(self, name: str) -> Row:
        found = self.list(name=name)
        if not found:
            raise NotFound("404", f"Dataset not found. Name: {name!r}")
        if len(found) > 1:
            raise BadRequest("400", "More than one dataset with same name.")
        row = self._store.get(EntityKind.DATASET, found[0].id)
        if row is None:
            raise NotFound("404", f"Dataset not found. Name: {name!r}")
        return row

    def _checked_out(self, dataset: Dataset, checkout: bool) -> Dataset:
        if checkout:
            dataset.checkout()
        return dataset

    def _build(self, rows: Sequence[Row]) -> EntityList[Dataset]:
        return EntityList(Dataset(self._store, one) for one in shaped(self._store, EntityKind.DATASET, rows))


def _make_sure(sure: bool, really: bool, what: str) -> None:
    if not (sure and really):
        raise Forbidden("403", f"Cannot delete {what} from SDK. Please use sure=True and really=True")


def _one_label(
    name: str | None,
    color: Any,
    children: Sequence[Any] | None,
    attributes: Sequence[str] | None,
    display_label: str | None,
    label: Label | None,
) -> dict[str, Any]:
    if label is not None:
        return node_of(label)
    parts = {
        "tag": name,
        "color": color,
        "children": children,
        "attributes": None if attributes is None else list(attributes),
        "display_label": display_label,
    }
    return node_of(parts)
