"""The application: every route of the platform's API that is served, over one store."""

from __future__ import annotations

from collections.abc import Iterator

from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from localloop.server import (
    additions,
    annotation_log,
    assignments,
    audit,
    auth,
    clones,
    collection_routes,
    command_routes,
    dataset_lists,
    dataset_schema,
    datasets,
    export_history,
    exports,
    exports_v3,
    items,
    listings,
    login_page,
    media,
    merges,
    ontologies,
    organisations,
    projects,
    query,
    recipes,
    subsets,
    tasks,
)
from localloop.server.accounts import Accounts
from localloop.server.annotations import ROUTES as ANNOTATIONS
from localloop.server.commands import Commands
from localloop.server.context import Context
from localloop.server.failures import HANDLERS
from localloop.server.guard import Guard
from localloop.server.history_file import History
from localloop.server.limiting import Limits
from localloop.server.locks import Locks
from localloop.server.outputs import Outputs
from localloop.server.roles import ruled
from localloop.server.settings import ServerSettings
from localloop.store import Store
from localloop.store.feed import begin_epoch
from localloop_schema.session import writing

#: How many passwords are hashed at once; each takes tens of mebibytes.
HASHERS = 2

#: The folder of the store for files that are there to be downloaded once.
OUTPUTS = "exports"

_ROOMS = (
    auth,
    # Before the items, one of which its name would else be taken for.
    collection_routes,
    clones,
    projects,
    export_history,
    datasets,
    exports,
    exports_v3,
    query,
    items,
    merges,
    media,
    listings,
    annotation_log,
    recipes,
    ontologies,
    tasks,
    assignments,
    command_routes,
    dataset_lists,
    dataset_schema,
    subsets,
    audit,
    organisations,
)


def _routes(settings: ServerSettings) -> Iterator[Route]:
    for room in _ROOMS if settings.plain else (*_ROOMS, additions):
        yield from room.ROUTES


def build_app(store: Store, accounts: Accounts, *, settings: ServerSettings | None = None) -> Starlette:
    """The application over a store.

    Args:
        store: What is served; it stays the caller's to close.
        accounts: Who may log in.
        settings: How the server behaves.

    Returns:
        An ASGI application.
    """
    settings = settings or ServerSettings()
    limits = Limits(settings.requests, settings.log_ins)
    with writing(store.engine) as connection:
        begin_epoch(connection, store.identity.object_id())
    announced = [] if settings.plain else [Middleware(additions.Announced)]
    app = Starlette(
        routes=[
            *map(ruled, (*auth.GATE_ROUTES, *login_page.GATE_ROUTES)),
            Mount("/api/v1", routes=[ruled(route) for route in (*ANNOTATIONS, *_routes(settings))]),
        ],
        middleware=[*announced, Middleware(Guard, settings=settings, limits=limits)],
        exception_handlers=HANDLERS,
    )
    app.router.redirect_slashes = False
    app.state.context = Context(
        store=store,
        accounts=accounts,
        commands=Commands(store.identity.object_id, store.clock.now),
        outputs=Outputs(store.path / OUTPUTS),
        locks=Locks(),
        exports=History(store.path / OUTPUTS / "history.jsonl"),
        settings=settings,
        workers=CapacityLimiter(settings.workers),
        receivers=CapacityLimiter(settings.uploads),
        hashers=CapacityLimiter(HASHERS),
        limits=limits,
    )
    return app
