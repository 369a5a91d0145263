"""The store's own settings."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel


class Setting(SQLModel, table=True):
    """One named value: the gate and account a store belongs to, its device name, the checked-out project."""

    __tablename__ = "settings"

    key: str = Field(primary_key=True)
    value: Any = Field(default=None, sa_type=JSON, nullable=True)
