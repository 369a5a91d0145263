"""The collections of a dataset that an item is in (docs/platform/wire.md, 3.8)."""

from __future__ import annotations

from collections.abc import Sequence

from localloop.errors import BadRequest
from localloop.sdk.entity import Entity
from localloop.sdk.shape import shaped
from localloop.store import collections
from localloop_schema.kinds import EntityKind


class InCollections(Entity):
    """What an item can be asked about collections."""

    def assign_collection(self, collections: Sequence[str]) -> bool:
        """Put the item into collections; those that the dataset does not have are made.

        Args:
            collections: Their names.

        Returns:
            True.

        Raises:
            BadRequest: Not a list of names, or the dataset would have more than ten collections.
            Forbidden: The dataset is read-only.
        """
        return self._assign(collections, member=True)

    def unassign_collection(self, collections: Sequence[str]) -> bool:
        """Take the item out of collections.

        Args:
            collections: Their names.

        Returns:
            True.

        Raises:
            BadRequest: Not a list of names.
            Forbidden: The dataset is read-only.
            NotFound: The dataset has no such collection.
        """
        return self._assign(collections, member=False)

    def list_collections(self) -> list[dict[str, str]]:
        """The collections that the item is in, as it was fetched: ``{"key", "name"}`` each.

        The name is empty when the dataset has no collection of that key any more.
        """
        found = (self._json["metadata"].get("system") or {}).get("collections")
        if not isinstance(found, dict):
            return []
        dataset = self._store.get(EntityKind.DATASET, self._json["datasetId"])
        names = {} if dataset is None else collections.names_of(dataset)
        return [{"key": key, "name": names.get(key, "")} for key in found]

    def _assign(self, names: Sequence[str], *, member: bool) -> bool:
        if isinstance(names, str) or not names:
            raise BadRequest("400", "Collections are given as a list of their names.")
        with self._store.transaction(f"collections of {self._json['filename']}") as tx:
            row = tx.row(self.kind, self.id)
            dataset = tx.row(EntityKind.DATASET, row["dataset_id"])
            for name in dict.fromkeys(names):
                if member and name not in collections.names_of(dataset).values():
                    dataset = collections.create(tx, dataset, name)
            keys = [collections.key_of(dataset, name) for name in names]
            collections.assign(tx, [row], keys, member=member)
            row = tx.row(self.kind, self.id)
        self._take(shaped(self._store, self.kind, [row])[0])
        return True
