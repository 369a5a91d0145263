"""Everything that crosses the wire in these tests is checked against the document of the wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.wire.checking import checking


@pytest.fixture(autouse=True, scope="session")
def _the_wire_is_checked() -> Iterator[None]:
    with checking():
        yield
