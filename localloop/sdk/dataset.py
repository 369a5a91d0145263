"""A dataset, and what is in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from localloop.errors import Forbidden
from localloop.sdk import notebook
from localloop.sdk.colors import colors
from localloop.sdk.copying import clone_dataset, row_of
from localloop.sdk.dataset_contents import DatasetContents
from localloop.sdk.entity import EntityList, Field, Json
from localloop.sdk.filters import Filters, FiltersOperations
from localloop.sdk.labels import DatasetLabels, Label, LabelList, one_label
from localloop.sdk.recipes import Recipes
from localloop.sdk.shape import shaped
from localloop.sdk.snapshots import snapshots_of, take_snapshot
from localloop.sdk.tasks import Tasks
from localloop.sdk.tree import DirectoryTree
from localloop.store.copies import Wish
from localloop.store.datasets import update_dataset
from localloop.store.labels import colour
from localloop.store.subsets import SUBSETS, assign, parts
from localloop_schema.kinds import EntityKind

if TYPE_CHECKING:
    from localloop.sdk.projects import Project

#: The store's setting that names the dataset to use when none is given.
CHECKED_OUT = "checked_out_dataset"


class IndexDriver(StrEnum):
    """How the platform indexes a dataset."""

    V1 = "v1"
    V2 = "v2"


class Dataset(DatasetContents):
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
        node = one_label(label_name, color, children, attributes, display_label, label)
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
        node = one_label(label_name, color, children, attributes, display_label, label)
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
        check_sure(sure, really)
        with self._store.transaction(f"delete dataset {self.name}") as tx:
            tx.delete(self.kind, tx.row(self.kind, self.id))
        return True

    def _repr_html_(self) -> str:
        """What a notebook shows: what is said of the dataset, and its first items."""
        page = self.items.list(page_size=notebook.MOST)
        return super()._repr_html_() + page._repr_html_()

    def snapshot(self, name: str) -> Dataset:
        """Keep the dataset as it is now: as a read-only copy beside it, called ``NAME@name``, which shares its files.

        To go back to it, clone it.

        Args:
            name: What the version is called.

        Returns:
            The copy.

        Raises:
            BadRequest: The name is none, or there is such a version.
            BlobMissingError: What an item holds is not known here: its file was never fetched.
        """
        row = take_snapshot(self._store, row_of(self._store, self.kind, self.id)["id"], name)
        return Dataset(self._store, shaped(self._store, self.kind, [row])[0])

    @property
    def snapshots(self) -> EntityList[Dataset]:
        """Its versions, the oldest first; see :meth:`snapshot`."""
        rows = snapshots_of(self._store, row_of(self._store, self.kind, self.id)["id"])
        return EntityList(Dataset(self._store, one) for one in shaped(self._store, self.kind, rows))

    def clone(
        self,
        clone_name: str | None = None,
        filters: Filters | None = None,
        with_items_annotations: bool = True,
        with_metadata: bool = True,
        with_task_annotations_status: bool = True,
        dst_dataset_id: str | None = None,
        target_directory: str | None = None,
    ) -> Dataset:
        """Copy the dataset, or what a filter finds of it; see :meth:`Datasets.clone`."""
        row = clone_dataset(
            self._store,
            self.id,
            name=clone_name,
            filters=filters,
            wish=Wish(with_items_annotations, with_metadata, with_task_annotations_status),
            into=dst_dataset_id,
            directory=target_directory,
        )
        made = row_of(self._store, self.kind, row["id"])
        return Dataset(self._store, shaped(self._store, self.kind, [made])[0])

    @property
    def directory_tree(self) -> DirectoryTree:
        """The directories of the dataset."""
        return DirectoryTree(self._store, row_of(self._store, self.kind, self.id)["id"])

    def unlock(self) -> Dataset:
        """Take the locks of commands from it: a store has none, so there is nothing to be done.

        Returns:
            This dataset.
        """
        return self

    @staticmethod
    def serialize_labels(labels_dict: Mapping[str, Sequence[int]]) -> dict[str, str]:
        """Colours of labels as ``#rrggbb``.

        Args:
            labels_dict: Red, green and blue, from 0 to 255, by label.
        """
        return {label: colour(shade) for label, shade in labels_dict.items()}

    def set_readonly(self, state: bool) -> None:
        """Let no item and no annotation in it be changed, here or through a hub; or let it again.

        Args:
            state: Whether it is read-only.
        """
        with self._store.transaction(f"dataset {self.name} is {'read-only' if state else 'writable'}") as tx:
            row = update_dataset(tx, tx.row(self.kind, self.id), {"readonly": state})
        self._take(shaped(self._store, self.kind, [row])[0])

    def update_attributes(
        self,
        title: str,
        key: str,
        attribute_type: str,
        recipe_id: str | None = None,
        ontology_id: str | None = None,
        scope: Sequence[str] | None = None,
        optional: bool | None = None,
        values: Sequence[str] | None = None,
        attribute_range: Mapping[str, float] | None = None,
    ) -> bool:
        """Add an attribute to the dataset's ontology, or replace the one with its key.

        Args:
            title: What people see.
            key: What it is called in annotations.
            attribute_type: ``checkbox``, ``radio_button``, ``slider``, ``yes_no`` or ``free_text``.
            recipe_id: Another recipe than the dataset's first.
            ontology_id: Another ontology than the recipe's first.
            scope: Labels that it is for; all when left out.
            optional: Whether it may be left out.
            values: What one may choose from.
            attribute_range: ``{"min", "max", "step"}`` of a slider.

        Returns:
            True.
        """
        chosen = self._labels.ontology(recipe_id, ontology_id)
        return chosen.update_attributes(title, key, attribute_type, scope, optional, values, attribute_range)

    def delete_attributes(
        self, keys: Sequence[str] | str, recipe_id: str | None = None, ontology_id: str | None = None
    ) -> bool:
        """Remove attributes by key; one that is not there is no error.

        Returns:
            True.
        """
        return self._labels.ontology(recipe_id, ontology_id).delete_attributes(keys)

    def assign_subset_to_items(self, subset: str, items_query: Filters | None = None) -> bool:
        """Put items into a subset: ``train``, ``validation`` or ``test``.

        Args:
            subset: The subset.
            items_query: Which items; all that are not hidden when left out.

        Returns:
            True.

        Raises:
            BadRequest: There is no such subset.
        """
        return self._tag(subset, items_query)

    def remove_subset_from_items(self, items_query: Filters | None = None) -> bool:
        """Take items out of their subsets.

        Args:
            items_query: Which items; all that are not hidden when left out.

        Returns:
            True.
        """
        return self._tag(None, items_query)

    def get_items_missing_ml_subset(self, filters: Filters | None = None) -> list[str]:
        """The ids of files that are in no subset.

        Args:
            filters: Which items to look at; all that are not hidden when left out.
        """
        chosen = Filters() if filters is None else filters
        for subset in SUBSETS:
            chosen.add(f"metadata.system.tags.{subset}", True, FiltersOperations.NOT_EQUAL)
        chosen.add("type", "file")
        return [item.id for item in self.items.list(filters=chosen).all()]

    def split_ml_subsets(
        self, items_query: Filters | None = None, percentages: Mapping[str, float] | None = None
    ) -> bool:
        """Split files into subsets, each into exactly one; the same files are always split the same way.

        Args:
            items_query: Which items; all that are not hidden when left out.
            percentages: Per cent by subset; 80 for ``train``, 10 each for ``validation`` and ``test`` when left out.

        Returns:
            True.

        Raises:
            BadRequest: The shares are not 100 together.
        """
        shares = percentages or {"train": 80, "validation": 10, "test": 10}
        with self._store.transaction(f"split {self.name}") as tx:
            query = (items_query or Filters()).prepare()
            for _ in parts(tx, tx.row(self.kind, self.id), query, shares)[1]:
                pass
        return True

    def _tag(self, subset: str | None, items_query: Filters | None) -> bool:
        with self._store.transaction(f"subset of items of {self.name}") as tx:
            assign(tx, tx.row(self.kind, self.id), (items_query or Filters()).prepare(), subset)
        return True

    def checkout(self) -> None:
        """Make this the dataset to use when none is named."""
        self._store.set_settings({CHECKED_OUT: self.id})


def check_sure(sure: bool, really: bool) -> None:
    """Deleting a dataset has to be said twice, as in dtlpy.

    Raises:
        Forbidden: It was not.
    """
    if not (sure and really):
        raise Forbidden("403", "Cannot delete dataset from SDK. Please use sure=True and really=True")
