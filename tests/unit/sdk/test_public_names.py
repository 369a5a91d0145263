from __future__ import annotations

import subprocess
import sys

import pytest

import localloop as dl


def test_every_public_name_is_there():
    values = {name: getattr(dl, name) for name in dl.__all__ if name not in dl._REPOSITORIES}
    assert [name for name, value in values.items() if value is None] == []


def test_public_names_are_sorted_and_few_enough_to_list():
    assert list(dl.__all__) == sorted(dl.__all__)
    assert dir(dl) == sorted(dl.__all__)


def test_public_names_are_those_that_can_be_loaded():
    loaded = set(dl._MODULE_OF) | set(dl._REPOSITORIES) | {"exceptions", "__version__"}
    assert loaded == set(dl.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="FILTERS_RESOURCE_NOTHING"):
        _ = dl.FILTERS_RESOURCE_NOTHING


def test_importing_the_package_loads_nothing_heavy():
    script = (
        "import sys, localloop\n"
        "heavy = {'sqlmodel', 'sqlalchemy', 'requests', 'rich', 'alembic', 'starlette', 'keyring'}\n"
        "print(sorted(heavy & set(sys.modules)), localloop.__version__)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]", dl.__version__]


def test_filters_and_shapes_need_no_store_and_no_http():
    script = (
        "import sys, localloop as dl\n"
        "dl.Filters().prepare(), dl.Point(1, 2, 'L').to_json()\n"
        "print(sorted({'requests', 'starlette', 'keyring'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
