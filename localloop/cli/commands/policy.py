"""``localloop policy``: who wins a conflict without being asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from localloop.cli.options import JsonOption, StoreOption, examples
from localloop.cli.output import Output
from localloop.errors import BadRequest

if TYPE_CHECKING:
    from localloop.store import Store
    from localloop.store.policies import Rule
    from localloop_schema.kinds import EntityKind

ForDataset = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        metavar="PROJECT/DATASET",
        help="Only for this dataset and what is in it.",
        show_default=False,
    ),
]

ForField = Annotated[
    str | None,
    typer.Option(
        "--field",
        metavar="PATTERN",
        help="Only for fields whose path is like this: * is any one key, ** any number of keys, and a dot in a key "
        "is written \\.; a kind may go before it: item:metadata.user.**",
        show_default=False,
    ),
]

ForKind = Annotated[
    str | None,
    typer.Option(
        "--kind", metavar="KIND", help="Only for entities of this kind, such as item.", show_default=False
    ),
]


def list_(context: typer.Context, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Who wins a conflict without being asked: the policies, the most specific first.

    The first one that is for a conflict decides it when a sync finds it; where there is none, it waits for
    `localloop resolve`. What loses stays in the conflict's record: `localloop conflicts --all`.
    """
    if context.invoked_subcommand is not None:
        return
    from localloop.cli.opening import opened
    from localloop.store.policies import list_policies

    out = Output(as_json=as_json)
    with opened(store) as here:
        rules = list(enumerate(list_policies(here)))
        rules.sort(key=lambda one: (one[1].rank, one[0]), reverse=True)
        told = _told(here, [rule for _, rule in rules])
    out.result({"policies": told})
    rows = [[one["policy"], _scope(one)] for one in told]
    if not any(row[1] == _scope({}) for row in rows):
        rows.append(["manual", _scope({}) if not rows else "everything else"])
    out.table(("POLICY", "FOR"), rows)


def set_(
    policy: Annotated[str, typer.Argument(metavar="POLICY", help="manual, ours, theirs or newest.")],
    dataset: ForDataset = None,
    field: ForField = None,
    kind: ForKind = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set who wins conflicts that later syncs find: in all of the store, a dataset, fields, or both.

    manual waits for you. ours keeps what is here, theirs takes what the platform has. newest compares when you entered
    the value with when the platform says the entity last changed, so clocks decide, and in doubt the platform wins.
    Whether a project or dataset is to be there is never decided without you, and of two files both are kept.
    """
    from localloop.cli.opening import opened
    from localloop.store.conflicts import list_conflicts
    from localloop.store.policies import Policy, Rule, set_policy

    try:
        chosen = Policy(policy)
    except ValueError:
        known = ", ".join(one.value for one in Policy)
        raise BadRequest("400", f"There is no policy {policy!r}; policies are: {known}.") from None
    out = Output(as_json=as_json)
    with opened(store) as here:
        scope = _asked(here, dataset, field, kind)
        rule = Rule(chosen, **scope)
        before = set_policy(here, rule)
        still = len(list_conflicts(here))
        [told] = _told(here, [rule])
    out.result({"policy": told, "before": before.policy.value if before else None, "conflicts_open": still})
    out.line(f"Policy for {_scope(told)}: {chosen.value}.")
    if still:
        out.note("What is open already stays open; see `localloop conflicts`, and `localloop resolve --all`.")


def unset(
    dataset: ForDataset = None,
    field: ForField = None,
    kind: ForKind = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove the policy that was set with exactly these options."""
    from localloop.cli.opening import opened
    from localloop.store.policies import unset_policy

    out = Output(as_json=as_json)
    with opened(store) as here:
        rule = unset_policy(here, **_asked(here, dataset, field, kind))
        [told] = _told(here, [rule])
    out.result({"removed": told})
    out.line(f"No policy for {_scope(told)} any more; it was {rule.policy.value}.")


def _asked(store: Store, dataset: str | None, field: str | None, kind: str | None) -> dict[str, Any]:
    """What the options narrow a rule to."""
    from localloop.cli.disputes import dataset_named, kind_named
    from localloop_sync.core.policy import parse_field

    of: EntityKind | None = kind_named(kind)
    path = None
    if field is not None:
        before, colon, rest = field.partition(":")
        if colon:
            said = kind_named(before)
            if of not in (None, said):
                raise BadRequest(
                    "400", f"--kind says {kind!r} and --field says {before!r}: give one of them."
                )
            of, field = said, rest
        try:
            path = parse_field(field)
        except ValueError as error:
            raise BadRequest("400", f"{error}. A path is like metadata.user.*") from None
    return {"kind": of, "field": path, "dataset": dataset_named(store, dataset)}


def _told(store: Store, rules: list[Rule]) -> list[dict[str, Any]]:
    """Rules with their datasets by name, in JSON."""
    from localloop.cli.places import place_of
    from localloop_schema.kinds import EntityKind
    from localloop_schema.rows import get_rows
    from localloop_sync.core.policy import field_text

    with store.reading() as connection:
        ids = [rule.dataset for rule in rules if rule.dataset is not None]
        rows = get_rows(connection, EntityKind.DATASET, ids)
        places = {one: place_of(connection, EntityKind.DATASET, row) for one, row in rows.items()}
    return [
        {
            "policy": rule.policy.value,
            "kind": rule.kind.value if rule.kind else None,
            "field": None if rule.field is None else field_text(rule.field),
            "dataset": _name(places, rule.dataset),
            "dataset_id": rule.dataset,
        }
        for rule in rules
    ]


def _name(places: dict[str, Any], dataset: str | None) -> str | None:
    if dataset is None:
        return None
    place = places.get(dataset)
    return f"a dataset that is gone ({dataset})" if place is None else str(place.text)


def _scope(told: dict[str, Any]) -> str:
    """What a rule is for, in words."""
    kind, field, dataset = told.get("kind"), told.get("field"), told.get("dataset")
    what = f"{kind}:{field}" if kind and field else field or (f"every {kind}" if kind else "")
    if dataset:
        return f"{what} in {dataset}" if what else f"everything in {dataset}"
    return what or "everything"


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    group = typer.Typer(
        callback=list_,
        invoke_without_command=True,
        rich_markup_mode=None,
        epilog=examples(
            "localloop policy",
            "localloop policy set theirs --field 'item:metadata.user.review.**'",
            "localloop policy set newest --dataset Fruit/Apples",
        ),
    )
    group.command(
        "set",
        epilog=examples(
            "localloop policy set ours",
            "localloop policy set theirs --kind annotation --dataset Fruit/Apples",
            "localloop policy set newest --field 'metadata.user.**'",
        ),
    )(set_)
    group.command(
        "unset",
        epilog=examples(
            "localloop policy unset",
            "localloop policy unset --field 'metadata.user.**' --dataset Fruit/Apples",
        ),
    )(unset)
    app.add_typer(group, name="policy")
