"""LocalLoop: work on annotated datasets offline, and sync them with the Dataloop platform.

A script written for the platform's SDK runs with its import line changed::

    import localloop as dl

    project = dl.projects.create(project_name="My-First-Project")
    dataset = project.datasets.create(dataset_name="My-First-Dataset")
    dataset.items.upload(local_path="test1.jpg")

Everything is stored on this machine, in the store that :mod:`localloop.config` finds or :func:`use` chose, and
reaches the platform with :func:`sync` or ``localloop sync``. Names are loaded when they are first used, so that
importing this package costs next to nothing.
"""

# Without the future import of annotations, which would take the name of a repository.
from importlib import import_module
from typing import TYPE_CHECKING, Any

from localloop._version import __version__

if TYPE_CHECKING:
    from localloop.sdk import exceptions
    from localloop.sdk.account import (
        checkout_state,
        info,
        login,
        login_api_key,
        login_m2m,
        logout,
        setenv,
        sync,
        token_expired,
    )
    from localloop.sdk.annotation import (
        Annotation,
        AnnotationStatus,
        AnnotationType,
        ViewAnnotationOptions,
    )
    from localloop.sdk.annotations import Annotations
    from localloop.sdk.assignments import Assignment, Assignments
    from localloop.sdk.collection import AnnotationCollection
    from localloop.sdk.context import open_store, use
    from localloop.sdk.dataset import Dataset, IndexDriver
    from localloop.sdk.dataset_files import (
        DatasetExportVersion,
        ExportMode,
        ExportType,
        ExportVersion,
        OutputExportType,
    )
    from localloop.sdk.datasets import Datasets
    from localloop.sdk.definition import UndefinedAnnotationType
    from localloop.sdk.definitions import (
        Box,
        Classification,
        Ellipse,
        Point,
        Polygon,
        Polyline,
    )
    from localloop.sdk.filters import (
        Filters,
        FiltersKnownFields,
        FiltersMethod,
        FiltersOperations,
        FiltersOrderByDirection,
        FiltersResource,
    )
    from localloop.sdk.item import Item, ItemStatus
    from localloop.sdk.items import Items
    from localloop.sdk.labels import Label
    from localloop.sdk.pages import PagedEntities
    from localloop.sdk.projects import MemberRole, Project, Projects
    from localloop.sdk.recipes import Ontologies, Ontology, Recipe, Recipes
    from localloop.sdk.segmentation import Segmentation
    from localloop.sdk.solids import Cube, Cube3d, Gis, GisType, Pose
    from localloop.sdk.task import Task, TaskPriority
    from localloop.sdk.tasks import Tasks
    from localloop.sdk.words import (
        Comparison,
        Description,
        FreeText,
        Message,
        Note,
        RefImage,
        Subtitle,
        Text,
    )
    from localloop.store import Store

    annotations: Annotations
    assignments: Assignments
    datasets: Datasets
    items: Items
    ontologies: Ontologies
    projects: Projects
    recipes: Recipes
    tasks: Tasks

#: Name → the module that has it.
_HOMES = {
    "localloop.sdk.account": (
        "checkout_state",
        "info",
        "login",
        "login_api_key",
        "login_m2m",
        "logout",
        "setenv",
        "sync",
        "token_expired",
    ),
    "localloop.sdk.annotation": (
        "Annotation",
        "AnnotationStatus",
        "AnnotationType",
        "ViewAnnotationOptions",
    ),
    "localloop.sdk.annotations": ("Annotations",),
    "localloop.sdk.assignments": ("Assignment", "Assignments"),
    "localloop.sdk.collection": ("AnnotationCollection",),
    "localloop.sdk.context": ("open_store", "use"),
    "localloop.sdk.dataset": ("Dataset", "IndexDriver"),
    "localloop.sdk.dataset_files": (
        "DatasetExportVersion",
        "ExportMode",
        "ExportType",
        "ExportVersion",
        "OutputExportType",
    ),
    "localloop.sdk.datasets": ("Datasets",),
    "localloop.sdk.definition": ("UndefinedAnnotationType",),
    "localloop.sdk.definitions": (
        "Box",
        "Classification",
        "Ellipse",
        "Point",
        "Polygon",
        "Polyline",
    ),
    "localloop.sdk.filters": (
        "Filters",
        "FiltersKnownFields",
        "FiltersMethod",
        "FiltersOperations",
        "FiltersOrderByDirection",
        "FiltersResource",
    ),
    "localloop.sdk.item": ("Item", "ItemStatus"),
    "localloop.sdk.items": ("Items",),
    "localloop.sdk.labels": ("Label",),
    "localloop.sdk.pages": ("PagedEntities",),
    "localloop.sdk.projects": ("MemberRole", "Project", "Projects"),
    "localloop.sdk.recipes": ("Ontologies", "Ontology", "Recipe", "Recipes"),
    "localloop.sdk.segmentation": ("Segmentation",),
    "localloop.sdk.solids": ("Cube", "Cube3d", "Gis", "GisType", "Pose"),
    "localloop.sdk.task": ("Task", "TaskPriority"),
    "localloop.sdk.tasks": ("Tasks",),
    "localloop.sdk.words": (
        "Comparison",
        "Description",
        "FreeText",
        "Message",
        "Note",
        "RefImage",
        "Subtitle",
        "Text",
    ),
    "localloop.store": ("Store",),
}

_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

#: Repositories of the store in use, each made anew, because :func:`use` may have chosen another store.
_REPOSITORIES = {
    "annotations": "Annotations",
    "assignments": "Assignments",
    "datasets": "Datasets",
    "items": "Items",
    "ontologies": "Ontologies",
    "projects": "Projects",
    "recipes": "Recipes",
    "tasks": "Tasks",
}

#: Members of enums under the flat names that scripts use, such as ``FILTERS_RESOURCE_ITEM``.
_FLAT = {
    "ANNOTATION_STATUS_": "AnnotationStatus",
    "ANNOTATION_TYPE_": "AnnotationType",
    "FILTERS_KNOWN_FIELDS_": "FiltersKnownFields",
    "FILTERS_METHOD_": "FiltersMethod",
    "FILTERS_OPERATIONS_": "FiltersOperations",
    "FILTERS_ORDERBY_DIRECTION_": "FiltersOrderByDirection",
    "FILTERS_RESOURCE_": "FiltersResource",
    "INDEX_DRIVER_": "IndexDriver",
    "ITEM_STATUS_": "ItemStatus",
    "MEMBER_ROLE_": "MemberRole",
    "TASK_PRIORITY_": "TaskPriority",
    "VIEW_ANNOTATION_OPTIONS_": "ViewAnnotationOptions",
}

__all__ = [
    "Annotation",
    "AnnotationCollection",
    "AnnotationStatus",
    "AnnotationType",
    "Annotations",
    "Assignment",
    "Assignments",
    "Box",
    "Classification",
    "Comparison",
    "Cube",
    "Cube3d",
    "Dataset",
    "DatasetExportVersion",
    "Datasets",
    "Description",
    "Ellipse",
    "ExportMode",
    "ExportType",
    "ExportVersion",
    "Filters",
    "FiltersKnownFields",
    "FiltersMethod",
    "FiltersOperations",
    "FiltersOrderByDirection",
    "FiltersResource",
    "FreeText",
    "Gis",
    "GisType",
    "IndexDriver",
    "Item",
    "ItemStatus",
    "Items",
    "Label",
    "MemberRole",
    "Message",
    "Note",
    "Ontologies",
    "Ontology",
    "OutputExportType",
    "PagedEntities",
    "Point",
    "Polygon",
    "Polyline",
    "Pose",
    "Project",
    "Projects",
    "Recipe",
    "Recipes",
    "RefImage",
    "Segmentation",
    "Store",
    "Subtitle",
    "Task",
    "TaskPriority",
    "Tasks",
    "Text",
    "UndefinedAnnotationType",
    "ViewAnnotationOptions",
    "__version__",
    "annotations",
    "assignments",
    "checkout_state",
    "datasets",
    "exceptions",
    "info",
    "items",
    "login",
    "login_api_key",
    "login_m2m",
    "logout",
    "ontologies",
    "open_store",
    "projects",
    "recipes",
    "setenv",
    "sync",
    "tasks",
    "token_expired",
    "use",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name in _REPOSITORIES:
        store = import_module("localloop.sdk.context").current()
        return _load(_REPOSITORIES[name])(store)
    if name in _MODULE_OF:
        value = _load(name)
        globals()[name] = value
        return value
    if name == "exceptions":
        return import_module("localloop.sdk.exceptions")
    for prefix, enum in _FLAT.items():
        if name.startswith(prefix) and name.removeprefix(prefix) in _load(enum).__members__:
            return _load(enum)[name.removeprefix(prefix)]
    only = import_module("localloop.sdk.platform_only")
    if name in only.REPOSITORIES:
        return only.PlatformOnly(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)


def _load(name: str) -> Any:
    return getattr(import_module(_MODULE_OF[name]), name)
