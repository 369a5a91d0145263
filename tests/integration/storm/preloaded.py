"""What every command of a storm needs, imported once by the process that they are forked from."""

from __future__ import annotations

from importlib import import_module

for _name in (
    "localloop.cli.adding",
    "localloop.cli.app",
    "localloop.cli.moving",
    "localloop.cli.removing",
    "localloop.cli.syncing",
    "localloop.platform",
    "localloop.sdk.account",
    "localloop.sdk.annotations",
    "localloop.sdk.datasets",
    "localloop.sdk.items",
    "localloop.sdk.projects",
    "localloop.sdk.tasks",
    "localloop.store",
    "localloop.store.fsck",
    "localloop.syncing",
    "tests.integration.storm.script",
):
    import_module(_name)
