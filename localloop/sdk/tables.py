"""Datasets as tables for data frames: a row an annotation, or a row an item that has none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from localloop.extras import library
from localloop.formats.samples import samples
from localloop.formats.tabular import JSON_COLUMNS, ROWS, rows, schema
from localloop.sdk.filters import Filters
from localloop.store import Store
from localloop.store.query import compile_select, parse

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_ORDER: Final = {"resource": "items", "sort": {"filename": "ascending", "id": "ascending"}}


def to_arrow(store: Store, dataset_id: str, filters: Filters | None) -> pa.Table:
    """See :meth:`localloop.sdk.dataset.Dataset.to_arrow`."""
    arrow = library("pyarrow", "An Arrow table", "notebook")
    columns = schema(arrow)
    return arrow.Table.from_batches(
        (arrow.RecordBatch.from_pylist(part, schema=columns) for part in _parts(store, dataset_id, filters)),
        schema=columns,
    )


def to_pandas(store: Store, dataset_id: str, filters: Filters | None) -> pd.DataFrame:
    """See :meth:`localloop.sdk.dataset.Dataset.to_pandas`."""
    library("pandas", "A data frame", "notebook")
    frame: pd.DataFrame = to_arrow(store, dataset_id, filters).to_pandas()
    for name in sorted(JSON_COLUMNS):
        frame[name] = [json.loads(text) if isinstance(text, str) else None for text in frame[name]]
    return frame


def _parts(store: Store, dataset_id: str, filters: Filters | None) -> Iterator[list[dict[str, Any]]]:
    query = {} if filters is None else filters.prepare()
    wanted = compile_select(parse({**query, **_ORDER}), [dataset_id], paged=False)
    with store.reading() as connection:
        waiting: list[dict[str, Any]] = []
        for row in chain.from_iterable(rows(sample) for sample in samples(connection, wanted)):
            waiting.append(row)
            if len(waiting) == ROWS:
                yield waiting
                waiting = []
        if waiting:
            yield waiting
