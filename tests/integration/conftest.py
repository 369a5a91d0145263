"""Everything that crosses the wire in these tests is checked against the document of the wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.wire.checking import checking
from tests.wire.door import complain, doors


@pytest.fixture(autouse=True, scope="session")
def _doors() -> Iterator[list[str]]:
    with checking(), doors() as wrong:
        yield wrong


@pytest.fixture(autouse=True)
def _the_wire_is_checked(_doors: list[str]) -> Iterator[None]:
    yield
    complain(_doors)
