"""The platform's REST API, served over a store (docs/platform/wire.md)."""

from __future__ import annotations

from localloop.server.accounts import Accounts
from localloop.server.app import build_app
from localloop.server.run import ServerThread, serve
from localloop.server.settings import ServerSettings

__all__ = ["Accounts", "ServerSettings", "ServerThread", "build_app", "serve"]
