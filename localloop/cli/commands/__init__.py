"""The commands, one a file, in the order in which the help lists them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import typer

from localloop.cli.commands import (
    add,
    clone,
    conflicts,
    env,
    export,
    fsck,
    gate,
    get,
    import_,
    init,
    log,
    login,
    logout,
    ls,
    mv,
    policy,
    resolve,
    retry,
    rm,
    selftest,
    serve,
    show,
    status,
    subscribe,
    sync,
    trash,
    undo,
    user,
    why,
)

COMMANDS: Final[tuple[Callable[[typer.Typer], None], ...]] = (
    init.register,
    clone.register,
    login.register,
    logout.register,
    gate.register,
    status.register,
    sync.register,
    subscribe.register,
    add.register,
    import_.register,
    ls.register,
    show.register,
    export.register,
    get.register,
    mv.register,
    rm.register,
    log.register,
    why.register,
    undo.register,
    trash.register,
    conflicts.register,
    resolve.register,
    policy.register,
    retry.register,
    serve.register,
    user.register,
    env.register,
    fsck.register,
    selftest.register,
)
