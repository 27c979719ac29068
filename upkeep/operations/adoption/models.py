"""The params of what is adopted."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import create_model, model_validator

from upkeep.operations.params import Params


def params_type(
    name: str, fields: Mapping[str, Any], check: Callable[[Params], object] = lambda _params: None
) -> type[Params]:
    """A model of these fields, each a type and a default or FieldInfo. `check` raises ValueError for invalid params."""

    def checked(params: Params) -> Params:
        check(params)
        return params

    validators: dict[str, Any] = {"checked": model_validator(mode="after")(checked)}
    class_name = "".join(word.capitalize() for word in name.replace(".", "_").split("_"))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Field name", UserWarning)  # a field may be called as a method: `schema`
        return create_model(
            class_name,
            __base__=Params,
            __module__=__name__,
            __validators__=validators,
            **fields,
        )
