from __future__ import annotations

import socket

import pytest

import localloop as dl
from localloop.sdk import context
from localloop.store.fsck import Level, check


@pytest.fixture
def offline(monkeypatch):
    """No socket can be connected to anything."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("something tried to use the network")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine of its own: a working directory, a store and a configuration nobody else uses."""
    for name in ("LOCALLOOP_GATE", "LOCALLOOP_AUTHOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOCALLOOP_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("LOCALLOOP_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("LOCALLOOP_NO_KEYRING", "1")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    yield work
    findings = [
        found for path in [tmp_path / "store"] if path.exists() for found in check(dl.open_store(path))
    ]
    context.close_all()
    assert [found for found in findings if found.level is Level.ERROR] == []


@pytest.fixture
def project(machine, offline):
    return dl.projects.create(project_name="P")


@pytest.fixture
def dataset(project):
    return project.datasets.create(dataset_name="D")


@pytest.fixture
def item(dataset):
    return dataset.items.upload(b"abc", remote_name="a.jpg")
