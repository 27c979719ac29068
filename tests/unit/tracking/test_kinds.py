"""Every kind of tracker has all that `docs/connectors.md` asks for."""

from importlib import import_module
from importlib.util import find_spec
from inspect import signature

import pytest

from backend.tracking.kernel.kinds import ApiKind
from backend.tracking.kernel.locations import EXAMPLES, parsed
from tests.unit.tracking import test_locations


@pytest.mark.parametrize("kind", ApiKind)
def test_a_kind_has_a_connector(kind: ApiKind) -> None:
    connector = import_module(f"backend.tracking.connectors.{kind}.connector")
    assert [*signature(connector.connect).parameters] == ["source", "network"]


@pytest.mark.parametrize("kind", ApiKind)
def test_a_kind_has_a_location_with_an_example_and_tests(kind: ApiKind) -> None:
    assert parsed(kind, EXAMPLES[kind]).name
    assert kind in test_locations.RIGHT
    assert kind in test_locations.WRONG


@pytest.mark.parametrize("kind", ApiKind)
def test_a_kind_has_a_stand_in(kind: ApiKind) -> None:
    assert find_spec(f"tests.servers.trackers.{kind}"), f"docs/connectors.md says what a stand-in for {kind} has"
