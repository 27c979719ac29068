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
def test_a_kind_has_a_stand_in_with_all_that_the_conformance_tests_ask_of_it(kind: ApiKind) -> None:
    name = f"tests.servers.trackers.{kind}"
    assert find_spec(name), f"docs/connectors.md says what a stand-in for {kind} has"
    stand_in = import_module(name)
    assert kind == stand_in.KIND
    assert {"TOKEN", "USERNAME", "PAGE", "location", "server", "expected"} <= {*dir(stand_in)}
    assert parsed(kind, stand_in.location("http://127.0.0.1:1")).name
