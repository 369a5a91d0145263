"""Scenarios, one area a module. Each is run by both dtlpy releases against a hub and against a gateway."""

from __future__ import annotations

from importlib import import_module

#: The modules that hold scenarios.
AREAS = ("items",)

for _area in AREAS:
    import_module(f"{__name__}.{_area}")
