"""Ages as params have them; the bounds keep them within what a date can hold."""

from typing import Annotated

from pydantic import Field

Days = Annotated[int, Field(ge=0, le=36_500)]
Hours = Annotated[int, Field(ge=0, le=876_000)]
