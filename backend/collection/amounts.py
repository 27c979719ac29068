"""Numbers in the answers of the catalogues."""

from typing import Annotated

from pydantic import BeforeValidator, Field


def _number(value: object) -> object:
    return 0 if value is None else value


Integer = Annotated[int, BeforeValidator(_number), Field(ge=0, lt=2**31)]
"""Fits an `integer` column; null is 0, which is how both catalogues say "unknown"."""
BigInteger = Annotated[int, BeforeValidator(_number), Field(ge=0, lt=2**63)]
"""Fits a `bigint` column."""
