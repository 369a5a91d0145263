"""Somebody who works on the platform's own pages while the laptops are away, or while one of them syncs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

from localloop.testing.remote import MemoryRemote
from localloop.testing.simulation.gate import GATE
from localloop.testing.simulation.ledger import Ledger
from localloop.testing.world import MemoryWorld
from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind as K
from localloop_sync.ports import Account, RemoteEntity, Scope


class Colleague:
    """Edits what is on the platform, through requests that never fail.

    Args:
        world: The platform.
        random: Where chance comes from.
        token: Gives a text that nothing else has.
        ledger: Is told of everything.
        desk: A folder for files to upload.
    """

    def __init__(
        self, world: MemoryWorld, random: Random, token: Callable[[], str], ledger: Ledger, desk: Path
    ) -> None:
        self._world = world
        self._remote = MemoryRemote(Account(GATE, "carol@example.test"), world=world)
        self._random = random
        self._token = token
        self._ledger = ledger
        self._desk = desk

    def act(self) -> None:
        """One edit of a kind that chance decides, while no laptop syncs."""
        random = self._random
        items = list(self._world.entities[K.ITEM].values())
        annotations = list(self._world.entities[K.ANNOTATION].values())
        match random.randrange(9):
            case 0:
                self._upload(f"/{random.choice('pqrs')}{random.randrange(4)}.txt")
            case 1 | 2 if items:
                user = {random.choice("xyz"): self._token(), "deep": {random.choice("uv"): self._token()}}
                self._mark(random.choice(items), user)
            case 3 if annotations:
                one = random.choice(annotations)
                self._change(one, {**one.document, "label": self._token()})
            case 4 if items and random.random() < 0.5:
                self._delete(random.choice(items))
            case 5 if annotations and random.random() < 0.5:
                self._delete(random.choice(annotations))
            case 6 if items:
                self._draw(random.choice(items))
            case 7 if items:
                self._move(random.choice(items), f"/moved/{random.randrange(6)}.txt")
            case 8 if items:
                self._replace(random.choice(items))
            case _:
                self._upload(f"/web/{self._token()}.txt")

    def interfere(self, spared: set[str], edited: set[str]) -> None:
        """One edit in the middle of a laptop's sync.

        Only such as cannot be overwritten unseen: a platform without preconditions leaves that window open.

        Args:
            spared: Platform ids of what that laptop is about to delete.
            edited: Platform ids of what it is about to change, which is looked at most.
        """
        items = [one for one in self._world.entities[K.ITEM].values() if one.id not in spared]
        if self._random.random() < 0.5:
            items = [one for one in items if one.id in edited] or items
        match self._random.randrange(4):
            case 0 | 1 if items:
                self._mark(self._random.choice(items), {"web": {self._token(): self._token()}})
            case 2 if items:
                self._draw(self._random.choice(items))
            case _:
                self._upload(f"/{self._random.choice('pqrs')}{self._random.randrange(4)}.txt")

    def _mark(self, item: RemoteEntity, user: Document) -> None:
        metadata = item.document.get("metadata") or {}
        old = metadata.get("user") or {}
        new = {
            key: {**old.get(key, {}), **value} if isinstance(value, dict) else value
            for key, value in user.items()
        }
        self._change(item, {**item.document, "metadata": {**metadata, "user": {**old, **new}}})

    def _change(self, entity: RemoteEntity, document: Document) -> None:
        changed = self._remote.update(entity.kind, entity.id, document, entity.document)
        self._ledger.edit(entity.kind, entity.id, entity.document, changed.document)

    def _move(self, item: RemoteEntity, path: str) -> None:
        there = self._world.entities[K.ITEM].values()
        if all(one.document["filename"] != path for one in there):
            self._change(item, {**item.document, "filename": path})

    def _draw(self, item: RemoteEntity) -> None:
        dataset = item.parents[K.DATASET]
        document = {
            "type": "class",
            "label": self._token(),
            "metadata": {"system": {"clientId": self._token()}},
        }
        [made] = self._remote.create(K.ANNOTATION, Scope(dataset=dataset, item=item.id), [document])
        self._ledger.edit(K.ANNOTATION, made.id, {}, made.document)

    def _file(self, *, unlike_any: bool = False) -> tuple[Path, bytes]:
        token = self._token()
        # Other bytes of the same size cannot be told from the plain contract (docs/platform/wire.md, 8.4).
        content = (token.ljust(int(token[1:]), ".") if unlike_any else token).encode()
        self._desk.write_bytes(content)
        return self._desk, content

    def _upload(self, path: str) -> None:
        datasets = list(self._world.entities[K.DATASET])
        if not datasets:  # nobody has made one yet
            return
        document = {
            "filename": path,
            "type": "file",
            "metadata": {"user": {"made": self._token()}},
        }
        file, content = self._file()
        made, wrote = self._remote.upload(Scope(dataset=datasets[0]), document, file)
        if wrote:
            self._ledger.edit(K.ITEM, made.id, {}, made.document)
            self._ledger.content(made.id, None, content)

    def _replace(self, item: RemoteEntity) -> None:
        if item.document.get("type") != "file":
            return
        document = {key: value for key, value in item.document.items() if key != "content"}
        before = self._world.contents[item.id]
        file, content = self._file(unlike_any=True)
        changed = self._remote.replace(item.id, document, file)
        self._ledger.edit(K.ITEM, item.id, item.document, changed.document)
        self._ledger.content(item.id, before, content)

    def _delete(self, entity: RemoteEntity) -> None:
        below = [
            one for one in self._world.entities[K.ANNOTATION].values() if one.parents.get(K.ITEM) == entity.id
        ]
        self._ledger.content(entity.id, self._world.contents.get(entity.id), None)
        self._remote.delete(entity.kind, entity.id)
        for one in (entity, *below):
            self._ledger.delete(one.id, one.document)
