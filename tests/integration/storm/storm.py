"""Two laptops, a hub, bad weather, and SIGKILL at random points: in the end nothing is lost and nothing is there twice.

Laptops edit and sync with the program itself, each behind a proxy of its own that makes requests fail and says how far
they are; the hub is ``localloop serve --hub``. All of them are processes, and all of them are killed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

from sqlalchemy import select

from localloop.store import Store
from localloop.store.conflicts import list_conflicts
from localloop.testing.agreement import broken_content, differences, picture
from localloop.testing.faults import FaultProxy, Schedule
from localloop_schema.kinds import EntityKind as K
from localloop_schema.rows import table
from localloop_schema.tables import BaseSnapshot, Tombstone
from localloop_sync.drivers.journal import SqliteJournal
from localloop_sync.report import PHASES
from tests.integration.storm.aim import Aim, Watch, aim, total
from tests.integration.storm.ledger import PROJECT, Edit, Ledger
from tests.integration.storm.processes import SCRIPT, Victim

_BASES: Any = BaseSnapshot.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models
_TOMBSTONES: Any = Tombstone.__table__  # type: ignore[attr-defined]  # the same

ANN = "ann@example.test"
PASSWORD = "pw"
KILLED = -9

ROOT = Path(__file__).parents[3]

#: How a sync may end while requests fail or the hub is away; the next one goes on. 9: bad weather says "not found" of
#: files that are there. Open conflicts (4) and what breaks a store are not among them, and in the end nothing but 0 is.
PASSING = frozenset({0, 5, 6, 7, 9})

#: Bad weather: all that the shipped schedule has, and not so much that a sync does nothing but wait.
STORMY = Schedule(
    tuple(replace(rule, probability=rule.probability / 3) for rule in Schedule.named("mixed").rules)
)

#: How many of the syncs and edits are interpreters of their own.
FRESH = 0.2

#: Of so many kills one hits the hub.
HUBS = 20

#: Requests of a sync that has nothing to do, about.
FEW = 12

#: What may be in a store's directory when nothing runs.
_KNOWN = re.compile(
    r"store\.db(-wal|-shm|\.migrate\.lock)?|sync\.(lock|holder)|hub\.json(\.lock)?|blobs(/(tmp|partial|broken|beside|[0-9a-f]{2})"
    r"|/[0-9a-f]{2}/[0-9a-f]{2}(/[0-9a-f]{64})?|/beside/.*)?"
)


class Hub:
    """``localloop serve --hub``, on one port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self.starts = 0
        self._process: subprocess.Popen[str] | None = None
        folder.mkdir(parents=True)

    @property
    def store(self) -> Path:
        return self.folder / ".localloop"

    @property
    def gate(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve; every other time without additions, as the platform does."""
        words = ["serve", "--hub", str(self.folder), "--port", str(self.port), "--json", "--rate-limit", "0"]
        words += ["--plain"] if self.starts % 2 else []
        words += [] if self.starts else ["--user", ANN]
        self.starts += 1
        self.close()
        with (self.folder / "stderr").open("ab") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "localloop", *words],
                env=environment(self.folder),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
            )
        assert self._process.stdout is not None
        self.port = int(json.loads(self._process.stdout.readline())["gate"].rpartition(":")[2])

    @property
    def lives(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def stop(self) -> int:
        """End it, and say how it ended."""
        assert self._process is not None
        self._process.terminate()
        code = self._process.wait(60)
        self.close()
        return code

    def close(self) -> None:
        """Make an end of it, in whichever way, and forget it."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None


def environment(folder: Path) -> dict[str, str]:
    """The environment of a machine of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LOCALLOOP_")}
    return clean | {
        "HOME": str(folder),
        "LOCALLOOP_CONFIG": str(folder / "config"),
        "LOCALLOOP_NO_KEYRING": "1",
        "LOCALLOOP_PASSWORD": PASSWORD,
        "LOCALLOOP_STORE": str(folder / ".localloop"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }


class Laptop:
    """A store, and a proxy on the way from it to the hub."""

    def __init__(self, place: int, folder: Path, gate: str) -> None:
        self.place = place
        self.name = folder.name
        self.folder = folder
        self._before = 0
        self.watch = Watch()
        self.requests = FEW
        self.unsent = 0
        self.proxy = FaultProxy(gate, schedule="calm", pause=0.005, on_moment=self.watch.hears)
        (folder / "companion").mkdir(parents=True)

    @property
    def store(self) -> Path:
        return self.folder / ".localloop"

    def sync(
        self, point: Aim | None = None, *, fresh: bool = False, strike: Callable[[], None] | None = None
    ) -> Victim:
        """Start a sync, and kill it, or do something else, at a point of its traffic."""
        running: list[Victim] = []
        started = Event()

        def kill() -> None:
            started.wait()
            running[0].kill()

        self._before = self.watch.requests
        self.watch.at(point, strike or kill)
        running.append(self.start("sync", "--patience", "20", fresh=fresh))
        started.set()
        return running[0]

    def synced(self, *, whole: bool) -> None:
        """A sync is at its end."""
        self.watch.at(None, lambda: None)
        if whole:
            self.requests = max(FEW, self.watch.requests - self._before)
            self.unsent = 0

    def start(self, *words: str, fresh: bool = False, aside: bool = False) -> Victim:
        """Start a command; one ``aside`` runs beside another of this laptop."""
        folder = self.folder / "companion" if aside else self.folder
        return Victim(words, environment(self.folder), folder, fresh=fresh)


@dataclass
class Outcome:
    """What a storm did, and what was found at its end."""

    kills: int = 0
    fresh: int = 0
    hubs: int = 0
    missed: int = 0
    syncs: int = 0
    needed: int = 0
    uploaded: int = 0
    wasted: int = 0
    downloaded: int = 0
    requests: int = 0
    faults: int = 0
    last_rounds: int = 0
    leftovers: int = 0
    items: int = 0
    annotations: int = 0
    seconds: float = 0.0
    points: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """The figures, for a program."""
        return {
            "kills": self.kills,
            "of_them_fresh": self.fresh,
            "of_them_hub": self.hubs,
            "problems": len(self.problems),
            "bytes_of_files": self.needed,
            "bytes_uploaded": self.uploaded,
            "bytes_resent": self.wasted,
            "requests": self.requests,
            "faults": self.faults,
            "seconds": round(self.seconds, 1),
        }

    def text(self) -> str:
        """The figures, for a person."""
        lines = [
            f"{self.kills} kills ({self.fresh} of fresh processes, {self.hubs} of the hub) in {self.seconds:.0f} s.",
            f"{self.missed} times the process was faster.",
            f"{self.syncs} syncs made {self.requests} requests, {self.faults} of which met a fault.",
            f"{self.items} items and {self.annotations} annotations in the end.",
            f"{self.uploaded} bytes were uploaded for {self.needed} bytes of files.",
            f"{self.wasted} of them were in requests that were cut off or failed, and had to be sent again.",
            f"{self.downloaded} bytes were downloaded.",
            f"Both laptops and the hub were quiet after {self.last_rounds} rounds of plain syncs.",
            f"{self.leftovers} temporary files were left over, and are swept away with time.",
            "Where the kills hit, by the proxy:",
            *total(self.points),
            "And by what the sync said of itself:",
            *total(self.phases),
            "How processes ended that were not killed:",
            *total(self.codes),
            f"{len(self.problems)} problems."
            if self.problems
            else "Nothing lost, nothing twice, no hand needed.",
            *self.problems,
        ]
        return "\n".join(lines)


class Storm:
    """One storm.

    Args:
        folder: Where all of it happens.
        kills: How many processes to kill.
        seed: Which storm: edits, weather and points are its; which of them a process reaches is the machine's.
        say: Hears how far it is.
    """

    def __init__(
        self, folder: Path, *, kills: int, seed: int, say: Callable[[str], None] = lambda _line: None
    ) -> None:
        self.folder = folder
        self.outcome = Outcome()
        self._kills, self._seed, self._say = kills, seed, say
        self._random = Random(seed)
        self._ledger = Ledger(folder / "files", self._random)
        self._hub = Hub(folder / "hub")
        self._laptops: list[Laptop] = []

    def run(self) -> Outcome:
        """Let it rage, wait for calm, and look what is there."""
        started = time.monotonic()
        with ExitStack() as stack:
            self._hub.start()
            stack.callback(self._hub.close)
            for number, name in enumerate("ab"):
                laptop = Laptop(number, self.folder / name, self._hub.gate)
                stack.enter_context(laptop.proxy)
                self._laptops.append(laptop)
            self._begin()
            while self.outcome.kills < self._kills:
                self._round()
            self._calm()
            for laptop in self._laptops:
                self.outcome.requests += laptop.watch.requests
                self.outcome.uploaded += laptop.watch.uploaded
                self.outcome.wasted += laptop.watch.uploaded - laptop.watch.arrived
                self.outcome.downloaded += laptop.watch.downloaded
                self.outcome.faults += len(laptop.proxy.faults)
            self.outcome.needed = sum(self._ledger.sent.values())
            code = self._hub.stop()
            if code:
                self.outcome.problems.append(f"the hub ended with {code}")
        self._compare()
        self.outcome.seconds = time.monotonic() - started
        return self.outcome

    # -- Beginning --

    def _begin(self) -> None:
        a, b = self._laptops
        self._ended(a, a.start("init"))
        self._work(a, self._ledger.add("a", 3))
        for laptop in self._laptops:
            laptop.folder.joinpath("config").mkdir(exist_ok=True)
            words = ["login", "--gate", laptop.proxy.gate, "--email", ANN]
            self._ended(laptop, laptop.start(*words))
        self._ended(a, a.start("sync"))
        words = ["clone", PROJECT, str(b.folder), "--gate", b.proxy.gate, "--email", ANN, "--content"]
        self._ended(b, b.start(*words))
        with Store.open(a.store) as store:
            [project] = store.rows(K.PROJECT)
            SqliteJournal(store.engine, store.identity, store.clock).subscribe(
                project["id"], None, content=True
            )

    def _ended(self, laptop: Laptop, victim: Victim, allowed: frozenset[int] = frozenset({0})) -> int:
        """Wait for a command that nobody kills."""
        code = victim.end()
        if code is None:
            victim.kill()
            raise AssertionError(f"{laptop.name} hangs at {' '.join(victim.words)[:200]}")
        victim.close()
        if code not in allowed:
            said = (
                f"{laptop.name}: `{' '.join(victim.words)[:200]}` ended with {code}: {victim.out}{victim.err}"
            )
            self.outcome.problems.append(said)
            self._say(said)
        self.outcome.codes[f"{victim.words[0]}: {code}"] += 1
        return code

    # -- The storm --

    def _round(self) -> None:
        self._edit(self._random.choice(self._laptops), self._random.randrange(1, 4))
        laptop = self._random.choice(self._laptops)
        chance = self._random.random()
        # One that is due goes first, and is tried until it hits: even a storm of few kills has it.
        if self.outcome.hubs < (self.outcome.kills + HUBS // 2) // HUBS:
            self._kill_the_hub(laptop)
        elif chance < 0.25:
            self._kill_an_edit(laptop)
        else:
            self._kill_a_sync(laptop)

    def _edit(self, laptop: Laptop, number: int) -> None:
        for _ in range(number):
            self._work(laptop, self._think_of(laptop.name))

    def _think_of(self, who: str) -> Edit:
        random, ledger = self._random, self._ledger
        chance = random.random()
        if chance < 0.35:
            return ledger.add(who, random.randrange(1, 4))
        if chance < 0.45:
            return ledger.twin(who)
        if chance < 0.55:
            return ledger.move(who) or ledger.add(who, 1)
        if chance < 0.6:
            return ledger.remove(who) or ledger.add(who, 1)
        return ledger.script(who, random.randrange(1, 5))

    def _work(self, laptop: Laptop, edit: Edit, done: set[int] | None = None, *, aside: bool = False) -> None:
        """Run an edit that nobody kills; what an earlier run did may be done already."""
        again = done is not None
        victim = laptop.start(*edit.words, fresh=self._random.random() < FRESH / 2, aside=aside)
        allowed = {0, 3} if again else {0}  # 3: what was to be moved or deleted is no more where it was
        if edit.twin:  # its twin was pulled, and is not here yet to be compared
            allowed.add(9)
        code = self._ended(laptop, victim, frozenset(allowed))
        if code in allowed:
            self._ledger.done(laptop.name, edit, (done or set()) | _steps(victim))
        laptop.unsent += sum(len(one.data) for one in edit.made)

    def _kill_an_edit(self, laptop: Laptop) -> None:
        """Kill a local edit at a random time, and do as people do: run it again."""
        edit = self._think_of(laptop.name)
        fresh = self._random.random() < FRESH
        victim = laptop.start(*edit.words, fresh=fresh)
        code = victim.end(self._random.uniform(0.6, 1.6) if fresh else self._random.uniform(0, 0.4))
        if code is None:
            victim.kill()
            code = victim.end()
        victim.close()
        self._count(code, fresh, f"local edit: {edit.words[0]}", "no sync")
        self._work(laptop, edit, _steps(victim))

    def _weather(self, laptop: Laptop) -> None:
        stormy = self._random.random() < 0.5
        laptop.proxy.follow(STORMY if stormy else "calm", seed=self._random.randrange(1 << 30))

    def _kill_a_sync(self, laptop: Laptop) -> None:
        """Kill a sync at a random point of its traffic, or at a random time."""
        random = self._random
        self._weather(laptop)
        companion = None
        if random.random() < 0.3:
            companion = self._laptops[1 - laptop.place].sync()
        timed, fresh = random.random() < 0.25, random.random() < FRESH
        victim = laptop.sync(None if timed else aim(random, laptop.unsent, laptop.requests), fresh=fresh)
        if random.random() < 0.3:  # edits are not locked out by a sync
            edit = self._think_of(laptop.name)
            self._work(laptop, edit, aside=True)
        code = victim.end(random.uniform(0, 1.2) + fresh) if timed else victim.end()
        if code is None:
            victim.kill()
            code = victim.end()
        self._count(code, fresh, laptop.watch.where, _phase(victim.err))
        self._through(laptop, victim, code, {KILLED})
        if companion is not None:
            other = self._laptops[1 - laptop.place]
            self._through(other, companion, companion.end())

    def _kill_the_hub(self, laptop: Laptop) -> None:
        """Kill the hub at a random point of a sync. What it acknowledged has to be there, and the sync goes on."""
        self._weather(laptop)
        point = aim(self._random, laptop.unsent, laptop.requests)
        victim = laptop.sync(point, strike=self._hub.kill)
        while (code := victim.end(0.05)) is None and self._hub.lives:
            pass
        if not self._hub.lives:
            self.outcome.hubs += 1
            self._count(KILLED, False, laptop.watch.where, "the hub")
            self.outcome.problems += self._forgotten()
            self._hub.start()
            code = victim.end()
        else:
            self.outcome.missed += 1
        self._through(laptop, victim, code)

    def _forgotten(self) -> list[str]:
        """What a hub that died told laptops that it has, and has not."""
        found = []
        with Store.open(self._hub.store) as hub, hub.reading() as connection:
            there = set(connection.execute(select(_TOMBSTONES.c.entity_id)).scalars())
            for kind in K:
                there.update(connection.execute(select(table(kind).c.id)).scalars())
        for laptop in self._laptops:
            with Store.open(laptop.store) as store, store.reading() as connection:
                for kind, remote_id in connection.execute(select(_BASES.c.kind, _BASES.c.remote_id)):
                    if K(kind) is not K.MEMBER and remote_id not in there:
                        found.append(
                            f"the hub forgot {kind} {remote_id}, which {laptop.name} was told it has"
                        )
        return found

    def _through(
        self, laptop: Laptop, victim: Victim, code: int | None, allowed: Collection[int] = frozenset()
    ) -> None:
        """A sync is at its end."""
        if code is None:
            victim.kill()
            raise AssertionError(f"{laptop.name}: a sync hangs: {victim.err}")
        victim.close()
        self.outcome.syncs += 1
        laptop.synced(whole=code == 0)
        if code not in allowed:
            self.outcome.codes[f"sync: {code}"] += 1
        if code not in {*PASSING, *allowed}:
            said = f"{laptop.name}: a sync ended with {code}: {victim.out}{victim.err}"
            self.outcome.problems.append(said)
            self._say(said)

    def _count(self, code: int | None, fresh: bool, point: str, phase: str) -> None:
        if code != KILLED:
            self.outcome.missed += 1
            return
        self.outcome.kills += 1
        self.outcome.fresh += fresh
        self.outcome.points[point] += 1
        self.outcome.phases[phase] += 1
        if self.outcome.kills % 20 == 0:
            self._say(f"{self.outcome.kills} kills")

    # -- The end --

    def _calm(self) -> None:
        """Plain syncs by fresh processes, until nothing moves; nobody lends a hand."""
        for laptop in self._laptops:
            laptop.proxy.follow("calm")
        for _ in range(8):
            self.outcome.last_rounds += 1
            quiet = True
            for laptop in self._laptops:
                victim = laptop.start("sync", "--json", fresh=True)
                if self._ended(laptop, victim):
                    return
                told = json.loads(victim.out)
                quiet = quiet and not any(told[name] for name in _MOVED)
            if quiet:
                break
        else:
            self.outcome.problems.append("the laptops do not come to rest")
        for laptop in self._laptops:
            self._ended(laptop, laptop.start("fsck"))

    def _compare(self) -> None:
        outcome = self.outcome
        with Store.open(self._hub.store) as hub:
            there = picture(hub, hub=True)
            outcome.items = len(hub.rows(K.ITEM, type="file"))
            outcome.annotations = len(hub.rows(K.ANNOTATION))
            self._look_into("hub", hub, self._hub.store)
            for laptop in self._laptops:
                with Store.open(laptop.store) as store:
                    lines = differences(picture(store), there)
                    outcome.problems += [f"{laptop.name} and the hub: {line}" for line in lines]
                    outcome.problems += [
                        f"{laptop.name}: an open conflict: {one}" for one in list_conflicts(store)
                    ]
                    self._look_into(laptop.name, store, laptop.store)

    def _look_into(self, name: str, store: Store, folder: Path) -> None:
        found = [f"content of {path}" for path in broken_content(store)]
        found += self._ledger.missing(store) + _twice(store)
        self.outcome.leftovers += store.blobs.sweep_temporary(0) + store.blobs.sweep_partial(0)
        names = (path.relative_to(folder).as_posix() for path in folder.rglob("*"))
        found += [f"{one} is left over" for one in names if not _KNOWN.fullmatch(one)]
        self.outcome.problems += [f"{name}: {line}" for line in found]


def _steps(victim: Victim) -> set[int]:
    """Which steps a script said that it has done; a line that is cut off says nothing."""
    if victim.words[0] != SCRIPT:
        return set()
    lines = [json.loads(line) for line in victim.out.splitlines() if line.endswith("}")]
    return {line["id"] for line in lines if line["done"]}


def _phase(said: str) -> str:
    """The last phase that a sync spoke of."""
    spoken = [(said.rfind(sentence), phase.value) for phase, sentence in PHASES.items()]
    place, phase = max(spoken)
    return phase if place >= 0 else "before the first phase"


def _twice(store: Store) -> list[str]:
    """What is there more than once although it was made once."""
    found = []
    for kind, keys in _UNIQUE.items():
        times = Counter(tuple(str(row[key]) for key in keys) for row in store.rows(kind))
        found += [f"{kind.value} {name} is there {n} times" for name, n in times.items() if n > 1]
    marks = [row["metadata"].get("system", {}).get("clientId") for row in store.rows(K.ANNOTATION)]
    found += [f"client id {one} is there {n} times" for one, n in Counter(marks).items() if one and n > 1]
    return found


_UNIQUE: dict[K, tuple[str, ...]] = {
    K.PROJECT: ("name",),
    K.DATASET: ("project_id", "name"),
    K.ITEM: ("dataset_id", "filename"),
    K.ANNOTATION: ("item_id", "label"),
    K.MEMBER: ("project_id", "email"),
}

#: What a sync reports of what it moved; all empty when it had nothing to do.
_MOVED = ("pulled", "pushed", "deleted_here", "deleted_there", "downloaded_files", "uploaded_bytes", "unsent")
