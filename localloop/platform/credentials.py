"""Where tokens are kept: the system keyring, else a file that only its owner can read.

The file names the accounts of each gate, and holds the tokens of those that are not in the keyring. It is
replaced whole, under a lock, and never touched when it cannot be understood.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keyring
from filelock import FileLock, Timeout
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, PasswordDeleteError

from localloop import config
from localloop.platform.faults import LOG_IN
from localloop.platform.transport import normal_gate
from localloop_sync.errors import AuthError, TransientError

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Credentials:
    """The tokens of one account at one gate. An API key has no refresh token."""

    gate: str
    email: str
    token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)


def system_keyring() -> KeyringBackend | None:
    """The system's keyring.

    Returns:
        The backend, or None when there is none that keeps anything.
    """
    try:
        backend = keyring.get_keyring()
        usable = backend.priority >= 1
    except (KeyringError, OSError, RuntimeError):
        return None
    return backend if usable else None


@dataclass(frozen=True, slots=True)
class Known:
    """An account that is logged in.

    Attributes:
        gate: Its gate.
        email: Its e-mail.
        current: Whether it is the one that is meant at the gate when nobody says which.
        in_keyring: Whether its tokens are in the keyring.
        profiles: The names that stand for it.
    """

    gate: str
    email: str
    current: bool
    in_keyring: bool
    profiles: tuple[str, ...] = ()


class CredentialStore:
    """The accounts that are logged in on this machine, by gate and e-mail.

    Args:
        directory: The configuration directory; made with mode 0700 when it is missing.
        backend: A keyring for the tokens, or None to keep them in the file.
    """

    def __init__(self, directory: Path, *, backend: KeyringBackend | None = None) -> None:
        self._directory = directory
        self._backend = backend

    @property
    def path(self) -> Path:
        """The credential file."""
        return self._directory / "credentials.json"

    def __repr__(self) -> str:
        """Where it is; never what is in it."""
        return f"{type(self).__name__}({str(self._directory)!r})"

    @contextmanager
    def lock(self, timeout: float = 180.0) -> Iterator[None]:
        """Hold the credentials against other processes and threads.

        Args:
            timeout: How long to wait, in seconds: longer than one refresh can take.

        Yields:
            Nothing.

        Raises:
            TransientError: Somebody else held them all the time.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        kernel_lock = FileLock(
            self.path.with_suffix(".lock"), timeout=timeout, mode=0o600, thread_local=False
        )
        try:
            kernel_lock.acquire()
        except Timeout:
            raise TransientError("Another process has been renewing the token for too long.") from None
        try:
            yield
        finally:
            kernel_lock.release()

    def load(self, gate: str, email: str | None = None) -> Credentials | None:
        """The credentials of an account.

        Args:
            gate: The gate.
            email: The account; the one that logged in last when left out.

        Returns:
            The credentials, or None when nobody is logged in.

        Raises:
            AuthError: The file cannot be understood, or the keyring not opened.
        """
        gate = normal_gate(gate)
        known = self._read()["gates"].get(gate, {})
        email = email or known.get("current") or ""
        entry = known.get("accounts", {}).get(email)
        if entry is None:
            return None
        secrets = self._from_keyring(gate, email) if entry.get("keyring") else entry
        return Credentials(gate, email, secrets["token"], secrets.get("refresh_token"))

    def accounts(self) -> list[Known]:
        """All accounts that are logged in.

        Raises:
            AuthError: The file cannot be understood.
        """
        content = self._read()
        names: dict[tuple[str, str], list[str]] = {}
        for name, (gate, email) in sorted(_profiles(content).items()):
            names.setdefault((gate, email), []).append(name)
        return [
            Known(
                *(gate, email, email == known.get("current"), bool(entry.get("keyring"))),
                profiles=tuple(names.get((gate, email), ())),
            )
            for gate, known in sorted(content["gates"].items())
            for email, entry in sorted(known["accounts"].items())
        ]

    def profile(self, name: str) -> tuple[str, str]:
        """The gate and the account that a name stands for.

        Args:
            name: The name.

        Raises:
            AuthError: There is no such profile, or the file cannot be understood.
        """
        found = _profiles(self._read()).get(name)
        if found is None:
            raise AuthError(
                f"There is no profile {name!r}.", advice="`localloop profiles` lists what there is."
            )
        return found

    def set_profile(self, name: str, gate: str, email: str) -> None:
        """Have a name stand for an account; it may have stood for another one before.

        Args:
            name: The name.
            gate: The gate.
            email: The account.

        Raises:
            AuthError: The file cannot be understood.
        """
        with self.lock():
            content = self._read()
            content.setdefault("profiles", {})[name] = {"gate": normal_gate(gate), "email": email}
            self._write(content)

    def save(self, credentials: Credentials, *, current: bool = True) -> None:
        """Keep credentials.

        Args:
            credentials: What to keep. The caller holds :meth:`lock`.
            current: Whether their account is the one that is meant at the gate from now on when nobody says which:
                a log-in makes it so, a renewed token does not.

        Raises:
            AuthError: The file that is there cannot be understood; it is left alone.
        """
        content = self._read()
        gate, email = normal_gate(credentials.gate), credentials.email
        secrets = {"token": credentials.token, "refresh_token": credentials.refresh_token}
        entry = {"keyring": True} if self._into_keyring(gate, email, secrets) else secrets
        known = content["gates"].setdefault(gate, {"accounts": {}})
        if current:
            known["current"] = email
        known["accounts"][email] = entry
        self._write(content)

    def delete(self, gate: str, email: str | None = None) -> bool:
        """Forget the credentials of an account.

        Args:
            gate: The gate.
            email: The account; the current one when left out.

        Returns:
            Whether there were any.

        Raises:
            AuthError: The file cannot be understood.
        """
        gate = normal_gate(gate)
        content = self._read()
        known = content["gates"].get(gate, {"accounts": {}})
        email = email or known.get("current") or ""
        entry = known["accounts"].pop(email, None)
        if entry is None:
            return False
        if known.get("current") == email:
            known["current"] = next(iter(known["accounts"]), None)
        for name, named in _profiles(content).items():
            if named == (gate, email):
                del content["profiles"][name]
        if entry.get("keyring"):
            self._forget_in_keyring(gate, email)
        self._write(content)
        return True

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return {"version": _VERSION, "gates": {}}
        except (ValueError, OSError):
            raise self._unreadable() from None
        if not _well_formed(content):
            raise self._unreadable()
        return dict(content)

    def _unreadable(self) -> AuthError:
        return AuthError(
            f"The credential file {self.path} cannot be understood; it was left as it is.",
            advice=f"Move it away. {LOG_IN}",
        )

    def _write(self, content: dict[str, Any]) -> None:
        """Replace the file whole: a reader sees the old one or the new one, also after a power cut."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes the file with mode 0600, so the tokens are at no time open to others.
        descriptor, name = tempfile.mkstemp(dir=self._directory, prefix=".credentials-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _from_keyring(self, gate: str, email: str) -> dict[str, Any]:
        try:
            text = self._backend.get_password(_service(gate), email) if self._backend else None
        except (KeyringError, OSError) as error:
            raise self._no_keyring(email) from error
        try:
            secrets = json.loads(text or "")
        except ValueError:
            raise self._no_keyring(email) from None
        return dict(secrets)

    def _no_keyring(self, email: str) -> AuthError:
        return AuthError(f"The token of {email} is in a keyring that cannot be opened here.", advice=LOG_IN)

    def _into_keyring(self, gate: str, email: str, secrets: dict[str, Any]) -> bool:
        """Whether the keyring took the tokens; a locked or broken one is no reason not to log in."""
        if self._backend is None:
            return False
        try:
            self._backend.set_password(_service(gate), email, json.dumps(secrets))
        except (KeyringError, OSError):
            return False
        return True

    def _forget_in_keyring(self, gate: str, email: str) -> None:
        if self._backend is None:
            raise self._no_keyring(email)
        try:
            self._backend.delete_password(_service(gate), email)
        except PasswordDeleteError:
            return
        except (KeyringError, OSError) as error:
            raise self._no_keyring(email) from error


def own_credentials() -> CredentialStore:
    """Where the tokens of this machine's user are."""
    backend = system_keyring() if config.keyring_allowed() else None
    return CredentialStore(config.config_directory(), backend=backend)


def _profiles(content: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """What the names in the file stand for."""
    told = content.get("profiles")
    return {
        name: (str(one.get("gate")), str(one.get("email")))
        for name, one in (told.items() if isinstance(told, dict) else ())
        if isinstance(one, dict)
    }


def _service(gate: str) -> str:
    return f"localloop {gate}"


def _well_formed(content: Any) -> bool:
    """Whether the file is one of ours: every account either in the keyring or with a token."""
    if not isinstance(content, dict) or content.get("version") != _VERSION:
        return False
    gates = content.get("gates")
    if not isinstance(gates, dict):
        return False
    for known in gates.values():
        accounts = known.get("accounts") if isinstance(known, dict) else None
        if not isinstance(accounts, dict):
            return False
        for entry in accounts.values():
            if not isinstance(entry, dict) or not (
                entry.get("keyring") or isinstance(entry.get("token"), str)
            ):
                return False
    return True
