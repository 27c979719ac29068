import pytest
from django.core.exceptions import ImproperlyConfigured

from backend.config.settings import env


@pytest.mark.parametrize("read", [env.float, env.int])
def test_a_number_that_is_none_is_named_with_its_variable(read: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUN_LEASE_SECONDS", "soon")
    with pytest.raises(ImproperlyConfigured, match="RUN_LEASE_SECONDS is to be a number, not 'soon'"):
        read("RUN_LEASE_SECONDS", default=20)  # type: ignore[operator]
