"""Filters say on the wire exactly what dtlpy's say."""

from __future__ import annotations

import copy

import pytest

import localloop as dl

dtlpy = pytest.importorskip("dtlpy")
pytestmark = pytest.mark.dtlpy


def joined(sdk):
    filters = sdk.Filters()
    filters.add_join(field="type", values="point")
    filters.add_join(field="label", values=["Ear"], operator=sdk.FiltersOperations.IN)
    return filters


def either(sdk):
    filters = sdk.Filters(field="name", values="a*", method=sdk.FiltersMethod.OR)
    filters.add(field="metadata.user.k", values=True, operator=sdk.FiltersOperations.EXISTS, method="or")
    filters.add(field="type", values="dir")
    return filters


def of_annotations(sdk):
    filters = sdk.Filters(resource=sdk.FiltersResource.ANNOTATION, field="label", values="Person")
    filters.add_join(field="filename", values="/x")
    filters.sort_by(field="label", value=sdk.FiltersOrderByDirection.DESCENDING)
    filters.sort_by(field="id")
    return filters


def popped(sdk):
    filters = joined(sdk)
    filters.pop("hidden")
    filters.pop_join("type")
    return filters


CASES = [
    lambda sdk: sdk.Filters(),
    lambda sdk: sdk.Filters(use_defaults=False),
    lambda sdk: sdk.Filters(resource=sdk.FILTERS_RESOURCE_ANNOTATION),
    lambda sdk: sdk.Filters(resource=sdk.FiltersResource.TASK, field="name", values="t", page_size=10),
    lambda sdk: sdk.Filters(field="hidden", values=True),
    lambda sdk: sdk.Filters(field="filename", values="/dir"),
    lambda sdk: sdk.Filters(field="filename", values="/dir/"),
    lambda sdk: sdk.Filters(field="filename", values="/dir/*"),
    lambda sdk: sdk.Filters(field="filename", values="/dir/a.jpg"),
    lambda sdk: sdk.Filters(field="filename", values=["/dir", "/a.jpg"], operator="in"),
    lambda sdk: sdk.Filters(field="metadata.user.n", values=3, operator="gte"),
    lambda sdk: sdk.Filters(custom_filter={"filter": {"$and": [{"a": 1}]}}),
    lambda sdk: sdk.Filters(custom_filter={"$or": [{"a": 1}]}),
    lambda sdk: sdk.Filters(context={"projects": ["p"]}),
    joined,
    either,
    of_annotations,
    popped,
]

OPERATIONS = [
    {},
    {"query_only": True},
    {"operation": "delete"},
    {"operation": "update", "update": {"user": {"k": 1}}},
    {
        "operation": "update",
        "update": {"k": 1},
        "system_update": {"s": 1},
        "system_metadata": True,
    },
    {"operation": "update", "system_update": {"s": 1}},
]


@pytest.mark.parametrize("build", CASES)
@pytest.mark.parametrize("how", OPERATIONS)
def test_a_filter_says_what_dtlpys_says(build, how):
    theirs = copy.deepcopy(build(dtlpy).prepare(**copy.deepcopy(how)))
    assert build(dl).prepare(**how) == theirs


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in dir(dtlpy)
        if name.startswith(
            ("FILTERS_METHOD_", "FILTERS_OPERATIONS_", "FILTERS_ORDERBY_", "FILTERS_KNOWN_", "MEMBER_ROLE_")
        )
    ]
    + [
        "FILTERS_RESOURCE_ITEM",
        "FILTERS_RESOURCE_ANNOTATION",
        "FILTERS_RESOURCE_DATASET",
        "TASK_PRIORITY_HIGH",
    ],
)
def test_flat_names_stand_for_the_same_values(name):
    assert getattr(dl, name).value == getattr(dtlpy, name).value


@pytest.mark.parametrize(
    "name",
    ["FiltersOperations", "FiltersMethod", "FiltersOrderByDirection", "FiltersKnownFields", "AnnotationType",
     "AnnotationStatus", "ItemStatus", "TaskPriority", "IndexDriver", "MemberRole"],
)  # fmt: skip
def test_enums_have_dtlpys_members(name):
    theirs = {key: one.value for key, one in getattr(dtlpy, name).__members__.items()}
    ours = {key: one.value for key, one in getattr(dl, name).__members__.items()}
    assert theirs.items() <= ours.items()


DEFINITIONS = [
    lambda sdk: sdk.Classification(label="L"),
    lambda sdk: sdk.Classification(label="L", attributes={"k": True}, description="d"),
    lambda sdk: sdk.Point(x=1, y=2, label="L"),
    lambda sdk: sdk.Box(left=1, top=2, right=3, bottom=4, label="L"),
    lambda sdk: sdk.Polygon(geo=[(1, 2), (3, 4), (5, 6)], label="L"),
    lambda sdk: sdk.Polyline(geo=[(1, 2), (3, 4)], label="L"),
    lambda sdk: sdk.Ellipse(x=1, y=2, rx=3, ry=4, angle=5, label="L"),
    lambda sdk: sdk.Subtitle(text="hello", label="L"),
    lambda sdk: sdk.Text(text_type="block", start=2, end=7, label="L"),
    lambda sdk: sdk.FreeText(text="hello", label="L"),
    lambda sdk: sdk.Cube3d(label="L", position=[1, 2, 3], scale=[1, 1, 1], rotation=[0, 0, 0]),
]


@pytest.mark.parametrize("build", DEFINITIONS)
def test_a_definition_says_what_dtlpys_says(build):
    theirs = dtlpy.Annotation.new(annotation_definition=build(dtlpy)).to_json()
    ours = build(dl).to_json()
    assert ours.get("coordinates") == theirs.get("coordinates")
    assert (ours["type"], ours["label"]) == (theirs["type"], theirs["label"])
    assert ours["metadata"]["system"]["attributes"] == theirs["metadata"]["system"]["attributes"]
    assert ours.get("description") == theirs.get("description")
