"""Scenarios, one area a module. Each is run by both dtlpy releases against a hub and against a gateway."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

#: The modules that hold scenarios: all that are here.
AREAS = tuple(sorted(module.name for module in iter_modules(__path__)))

for _area in AREAS:
    import_module(f"{__name__}.{_area}")
