"""What the tests of queries share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from tests.unit.query import rows


@pytest.fixture
def db() -> Iterator[Connection]:
    with rows.world() as connection:
        yield connection
