"""The way to a gate goes through the machine's proxies, and not through them to itself."""

from __future__ import annotations

from localloop import config
from localloop.platform import transport_to


def test_a_proxy_of_the_environment_is_used(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert config.proxies("https://gate.example")["https"] == "http://proxy.example:3128"


def test_a_host_that_no_proxy_names_is_reached_directly(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    assert config.proxies("http://127.0.0.1:8080") == {}


def test_a_certificate_file_of_the_environment_is_trusted(monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/own.pem")
    assert config.certificates() == "/etc/own.pem"
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    assert config.certificates() is True


def test_the_transport_knows_both(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    transport = transport_to("https://gate.example")
    try:
        assert transport.gate == "https://gate.example"
    finally:
        transport.close()
