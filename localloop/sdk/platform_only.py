"""What of dtlpy exists only on the platform: one error that says so, at the first use."""

from __future__ import annotations

from typing import Any, Final, NoReturn

from localloop.errors import PlatformOnlyError

#: Repositories of dtlpy for what runs on the platform's machines, or is about its customers.
REPOSITORIES: Final = frozenset(
    {
        "apps",
        "artifacts",
        "billing",
        "bots",
        "codebases",
        "compositions",
        "computes",
        "dpks",
        "drivers",
        "executions",
        "feature_sets",
        "features",
        "integrations",
        "messages",
        "models",
        "ontology_versions",
        "organizations",
        "packages",
        "pipeline_executions",
        "pipelines",
        "resource_executions",
        "service_drivers",
        "services",
        "settings",
        "solutions",
        "triggers",
        "webhooks",
    }
)

#: Methods of many classes: they open the platform's pages, or are dtlpy's own plumbing to its client.
EVERYWHERE: Final = frozenset({"open_in_web", "set_repositories", "on_access"})

#: Class and method: scores and agreement between annotators are computed by the platform, and entities are made there
#: of what dtlpy's client was told.
METHODS: Final = frozenset(
    {
        ("Projects", "get_system_project"),
        ("Items", "task_scores"),
        ("Items", "set_items_entity"),
        ("Annotations", "task_scores"),
        ("Tasks", "task_scores"),
        ("Tasks", "create_consensus_task"),
        ("Tasks", "create_honeypot_task"),
        ("Tasks", "create_labeling_task"),
        ("Tasks", "create_qualification_task"),
        ("Item", "task_scores"),
        *(
            (name, "from_json")
            for name in ("Project", "Dataset", "Item", "Recipe", "Ontology", "Task", "Assignment")
        ),
        ("Annotation", "task_scores"),
        ("AnnotationCollection", "video_player"),
        ("Datasets", "sync"),
        ("Dataset", "sync"),
        ("Recipe", "get_annotation_template_id"),
        ("Recipe", "upload_annotations_verification_file"),
        ("Recipe", "add_instruction"),
        ("Filters", "generate_url_query_params"),
        ("Filters", "platform_url"),
        ("Filters", "list"),
        ("Filters", "load"),
        ("Filters", "save"),
    }
)


class PlatformOnly:
    """Stands for a repository that exists only on the platform.

    Args:
        name: What scripts call it.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> NoReturn:
        raise refusal(f"dl.{self._name}.{attribute}")

    def __call__(self, *_args: Any, **_more: Any) -> NoReturn:
        """Raise the error."""
        raise refusal(f"dl.{self._name}")

    def __repr__(self) -> str:
        return f"<dl.{self._name}, which exists only on the platform>"


class WithPlatformOnly:
    """A class some of whose methods exist only on the platform."""

    def __getattr__(self, name: str) -> NoReturn:
        owner = type(self).__name__
        if name in EVERYWHERE or (owner, name) in METHODS or name in REPOSITORIES:
            raise refusal(f"{owner}.{name}")
        raise AttributeError(f"{owner!r} object has no attribute {name!r}", name=name, obj=self)


def refusal(what: str) -> PlatformOnlyError:
    """The error.

    Args:
        what: What was asked for, as a script says it.
    """
    return PlatformOnlyError(
        f"{what} exists only on the platform, and not in a local store.",
        advice="Use dtlpy for it while you are online; docs/reference/dtlpy-parity.md lists what is here.",
    )
