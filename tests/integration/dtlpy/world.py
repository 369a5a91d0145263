"""What a scenario is given, and how one is made.

A scenario is a function whose name states a fact. It runs in the process of the dtlpy under test, which it reaches as
``world.dl``: nothing here imports dtlpy, so that pytest can read the names without it.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

#: Who runs the scenarios, and who else has an account; all have the same password.
ALICE, BOB, CAROL = "alice@example.test", "bob@example.test", "carol@example.test"
PASSWORD = "pw"

Scenario = Callable[["World"], None]

#: Every scenario by name, in the order of the modules.
SCENARIOS: dict[str, Scenario] = {}


def scenario(function: Scenario) -> Scenario:
    """Make a function a scenario."""
    name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
    assert name not in SCENARIOS, f"two scenarios are called {name}"
    SCENARIOS[name] = function
    return function


class World:
    """A place for one scenario: a project, a dataset and a folder that no other scenario sees.

    Args:
        dl: The dtlpy under test, logged in as :data:`ALICE`.
        name: The scenario's name.
        folder: An empty folder.
        gate: The server's URL.
        role: ``hub`` or ``gateway``.
        password: The one of :data:`ALICE`.
    """

    def __init__(self, dl: Any, name: str, folder: Path, gate: str, role: str, password: str) -> None:
        self.dl = dl
        self.name = name
        self.folder = folder
        self.gate = gate
        self.role = role
        self.password = password

    @property
    def old(self) -> bool:
        """Whether this is the older dtlpy."""
        return tuple(int(part) for part in self.dl.__version__.split(".")[:2]) < (1, 126)

    @cached_property
    def project(self) -> Any:
        """A project of this scenario's own, made when it is first asked for."""
        return self.dl.projects.create(project_name=f"{self.name} {uuid.uuid4().hex[:6]}")

    @cached_property
    def dataset(self) -> Any:
        """A dataset in it, without items."""
        return self.project.datasets.create(dataset_name="d")

    def labels(self, *tags: str) -> None:
        """Add labels to the dataset."""
        self.dataset.add_labels(label_list=[{"tag": tag, "color": (1, 2, 3)} for tag in tags])

    def image(self, name: str = "image.png", width: int = 60, height: int = 40) -> Path:
        """A real image in the folder."""
        from PIL import Image

        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (width, height), (200, 30, 30)).save(path)
        return path

    def item(self, name: str = "image.png", *, remote: str = "/", **options: Any) -> Any:
        """An image in the dataset."""
        return self.dataset.items.upload(local_path=str(self.image(name)), remote_path=remote, **options)

    def text(self, name: str = "words.txt", text: str = "some words", *, remote: str = "/") -> Any:
        """A text file in the dataset."""
        data = io.BytesIO(text.encode())
        data.name = name
        return self.dataset.items.upload(local_path=data, remote_path=remote)

    def refused(self, work: Callable[[], Any], *codes: str) -> str:
        """The message of the error that dtlpy raises for some work.

        Args:
            work: What must fail.
            codes: The statuses it may have; any when none is given.
        """
        try:
            found = work()
        except self.dl.exceptions.ExceptionMain as error:
            refusal = error
        else:
            raise AssertionError(f"nothing was refused: {found!r}")
        assert not codes or refusal.status_code in codes, (refusal.status_code, refusal.message)
        return str(refusal.message)

    def sent_by(self, work: Callable[[], Any]) -> list[str]:
        """The requests that some work makes, as ``METHOD path``."""
        sent = []
        real = self.dl.client_api.gen_request

        def recording(req_type: str, path: str, *args: Any, **kwargs: Any) -> Any:
            sent.append(f"{req_type.upper()} {path}")
            return real(req_type, path, *args, **kwargs)

        self.dl.client_api.gen_request = recording
        try:
            work()
        finally:
            del self.dl.client_api.gen_request
        return sent
