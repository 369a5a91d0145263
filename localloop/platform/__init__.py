"""The client of the platform's REST API."""

from __future__ import annotations

from localloop.platform.auth import login_api_key, login_m2m, login_tokens, logout
from localloop.platform.credentials import (
    Credentials,
    CredentialStore,
    Known,
    own_credentials,
    system_keyring,
)
from localloop.platform.remote import DataloopRemote
from localloop.platform.session import PlatformSession
from localloop.platform.transport import Transport, normal_gate
from localloop.platform.way import transport_to

__all__ = [
    "CredentialStore",
    "Credentials",
    "DataloopRemote",
    "Known",
    "PlatformSession",
    "Transport",
    "login_api_key",
    "login_m2m",
    "login_tokens",
    "logout",
    "normal_gate",
    "own_credentials",
    "system_keyring",
    "transport_to",
]
