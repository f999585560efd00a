"""What a reader can set in a view: fields with defaults, which an address holds where they are set otherwise."""

from __future__ import annotations

from typing import Any, Self
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, model_validator

__all__ = ["ViewSettings"]


class ViewSettings(BaseModel):
    """Settings of a view."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, given: Any) -> Any:
        """Fields that a form sends empty are those that nobody filled."""
        return {name: value for name, value in given.items() if value not in ("", [""])}

    def changed(self, **to: Any) -> Self:
        """The same with some of them set otherwise."""
        return self.model_copy(update=to)

    def query(self) -> str:
        """As the query of an address, without what is there by default."""
        given = self.model_dump(by_alias=True, exclude_defaults=True)
        return urlencode(given, doseq=True)

    def address(self, path: str) -> str:
        """The address of a view under these settings."""
        return f"{path}?{query}" if (query := self.query()) else path
