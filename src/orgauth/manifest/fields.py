"""The types of the manifest's values, for the models in ``schema.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar, get_args

from pydantic import AfterValidator, Field
from pydantic_core import core_schema

from orgauth.manifest.names import (
    check_alias,
    check_client_id,
    check_key_file,
    check_username,
    check_variable_name,
)
from orgauth.manifest.scalars import plain_value
from orgauth.manifest.urls import check_audience, check_login_url
from orgauth.manifest.variables import Expanded

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

__all__ = [
    "Alias",
    "Attempts",
    "Audience",
    "ClientId",
    "Given",
    "KeyFile",
    "LoginUrl",
    "Rate",
    "Seconds",
    "Slots",
    "Switch",
    "Username",
    "VariableName",
    "Version",
    "optional",
]

VERSIONS = (1,)
"""The versions of the manifest's form that this program reads."""

_T = TypeVar("_T")


def _known_version(value: int) -> int:
    if value not in VERSIONS:
        known = ", ".join(map(str, VERSIONS))
        raise ValueError(f"{value} is not known; this orgauth reads version {known}")
    return value


class _NotNull:
    """A key may be left out, but ``alias:`` with nothing after it is a slip."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return handler(get_args(source)[0])


class _FromVariable:
    """A number or a switch may come from a variable, whose text is read like a plain scalar."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(_typed, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), {"type": "string", "pattern": r"\$\{[^}]+\}"}]}


def _typed(value: Any) -> Any:
    return plain_value(value) if isinstance(value, Expanded) else value


Given: TypeAlias = Annotated[_T | None, _NotNull()]
"""A key that may be left out, but not be empty."""

Version: TypeAlias = Annotated[
    int, AfterValidator(_known_version), Field(json_schema_extra={"enum": [*VERSIONS]})
]
Switch: TypeAlias = Annotated[bool, _FromVariable()]
Slots: TypeAlias = Annotated[int, Field(ge=1, le=10_000), _FromVariable()]
Attempts: TypeAlias = Annotated[int, Field(ge=1, le=1000), _FromVariable()]
# A day: no run waits longer, and the event loop's clock does not overflow.
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False), _FromVariable()]
Rate: TypeAlias = Annotated[
    float | None, Field(ge=0.001, le=100_000, allow_inf_nan=False), _FromVariable()
]
Username: TypeAlias = Annotated[str, AfterValidator(check_username)]
Alias: TypeAlias = Annotated[str, AfterValidator(check_alias)]
ClientId: TypeAlias = Annotated[str, AfterValidator(check_client_id)]
KeyFile: TypeAlias = Annotated[str, AfterValidator(check_key_file)]
VariableName: TypeAlias = Annotated[str, AfterValidator(check_variable_name)]
LoginUrl: TypeAlias = Annotated[str, AfterValidator(check_login_url)]
Audience: TypeAlias = Annotated[str, AfterValidator(check_audience)]


def optional(description: str) -> Any:
    """Return the field of a key that may be left out."""
    return Field(default=None, description=description)
