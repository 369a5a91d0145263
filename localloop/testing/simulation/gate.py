"""The way to a simulated platform that does not always say the truth, within what a real one is known to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from localloop.testing.remote import MemoryRemote
from localloop.testing.simulation.broken import BrokenError
from localloop.testing.simulation.weather import Weather
from localloop.testing.world import MemoryWorld
from localloop_schema.documents import Document
from localloop_schema.kinds import EntityKind
from localloop_sync.errors import TransientError
from localloop_sync.ports import Account, Cursor, RemoteEntity, RemotePage, Scope

GATE = "https://platform.example.test"

#: How late an index may show a change. The engine's overlap is longer than this.
LAG = timedelta(seconds=30)

#: More requests than any sync of such small worlds needs.
ENDLESS = 2000


class HostileGate(MemoryRemote):
    """A laptop's connection to the platform.

    Beside the weather's faults: pages are small, listings come in any order, twice in part, or empty with a 200,
    rows are missing from pages while others write, changes come late into the listing by time, downloads end early.

    What is asked for by id or by name is answered truly: without that, nobody could tell whether a creation arrived.

    Args:
        world: The platform.
        weather: Decides what goes wrong.
        page: The most entities of one page.
        edited: Platform ids of what was edited on this laptop and is not sent: pages are true about these,
            nor with what is in them, because that a change is overwritten unseen cannot be helped without
            preconditions on the platform.
    """

    def __init__(
        self, world: MemoryWorld, weather: Weather, page: int, edited: Callable[[], set[str]]
    ) -> None:
        account = Account(GATE, "alice@example.test")
        super().__init__(account, world=world, before=self._asked, after=weather.after)
        self._weather = weather
        self._page = page
        self._edited = edited
        #: The requests since this was last emptied.
        self.asked: list[str] = []
        #: What a deletion was ever asked for, by platform id.
        self.deleted: set[str] = set()
        #: What the requests of this laptop created: the document that each sent, by platform id.
        self.made: dict[str, Document] = {}
        #: Called before each request; others may write then.
        self.meanwhile: Callable[[], None] | None = None

    def _asked(self, method: str, *args: object) -> None:
        self.asked.append(method)
        if len(self.asked) > ENDLESS:
            raise BrokenError(
                f"a sync does not come to its end: {ENDLESS} requests, the last {self.asked[-8:]}"
            )
        if self.meanwhile is not None:
            self.meanwhile()
        self._weather.before(method, *args)
        if method == "delete":
            self.deleted.add(str(args[1]))

    def page(self, kind: EntityKind, scope: Scope, cursor: Cursor, limit: int = 1000) -> RemotePage:
        """One page, which may lack rows or have some twice."""
        told = super().page(kind, scope, cursor, self._page if self._weather.stormy else limit)
        strikes, random = self._weather.strikes, self._weather.random
        if not told.entities or not self._weather.stormy:
            return told
        if strikes(0.02) and not self._told_of(self._contents_of(kind, scope)):
            return RemotePage([], more=False)
        entities = list(told.entities)
        if cursor.updated_at is not None:
            entities = list(self._late(kind, scope, entities))
        elif strikes(0.1):  # something was written meanwhile, and rows moved over the edge of the page
            lost = random.choice(entities)
            if not self._told_of([lost]):
                entities.remove(lost)
        if entities and strikes(0.05):
            entities.insert(random.randrange(len(entities)), random.choice(entities))
        return replace(told, entities=entities) if entities else told

    def list(self, kind: EntityKind, scope: Scope) -> Sequence[RemoteEntity]:
        """All of a scope in any order, or nothing."""
        entities = list(super().list(kind, scope))
        if self._weather.strikes(0.03):
            return []
        if self._weather.strikes(0.3):
            self._weather.random.shuffle(entities)
        return entities

    def download(self, remote_id: str, offset: int = 0) -> Iterator[bytes]:
        """The content of an item, which may end early, or break off."""
        chunks = super().download(remote_id, offset)
        return self._cut_short(chunks) if self._weather.strikes(0.1) else chunks

    def _create(self, kind: EntityKind, scope: Scope, document: Document) -> RemoteEntity:
        made = super()._create(kind, scope, document)
        self.made[made.id] = document
        return made

    def _upload(self, scope: Scope, document: Document, content: Path) -> tuple[RemoteEntity, bool]:
        made, wrote = super()._upload(scope, document, content)
        if wrote:
            self.made[made.id] = document
        return made, wrote

    def _cut_short(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            yield chunk[: len(chunk) // 2]
            if self._weather.random.random() < 0.5:
                raise TransientError("The connection broke.")
            return

    def _told_of(self, entities: Sequence[RemoteEntity]) -> bool:
        """Whether any of these must be told truly, because the laptop is about to change it or what it is in."""
        edited = self._edited()
        return any(edited.intersection({one.id, *one.parents.values()}) for one in entities)

    def _late(
        self, kind: EntityKind, scope: Scope, entities: Sequence[RemoteEntity]
    ) -> Sequence[RemoteEntity]:
        newest = datetime.fromisoformat(max(one.updated_at for one in self._contents_of(kind, scope)))
        return [
            one
            for one in entities
            if self._told_of([one])
            or newest - datetime.fromisoformat(one.updated_at) > LAG
            or not self._weather.strikes(0.4)
        ]
