import logging
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import stamina
from pytest_django import Settings

from backend.search import embedders, ollama
from backend.search.embedders import builtin
from backend.search.embedders.embedder import EmbedderError
from tasks.search.update_ollama_models import UpdateOllamaModels, update_ollama_models
from tests.servers.ollama import CONTEXT, LAYERS, Catalogue
from upkeep.remote.errors import RemoteError, RemoteRejectedError, RemoteUnavailableError
from upkeep.testing.runs import run
from upkeep.testing.servers import faults
from upkeep.testing.servers.process import Server
from upkeep.testing.servers.threads import serving

recorded = pytest.mark.django_db(transaction=True, available_apps=["upkeep.operations", "backend.accounts", "tasks"])
TITLES = ["Login fails after password reset", "Rolltor Halle 3: Endschalter"]


@dataclass
class Ollama:
    """The stand-in: what it answers, and how it is made to fail."""

    catalogue: Catalogue
    server: Server


@pytest.fixture
def stand_in(settings: Settings) -> Iterator[Ollama]:
    """A server that has `nomic-embed-text` and can pull `bge-m3`, which the settings name."""
    catalogue = Catalogue(["nomic-embed-text:latest"], ["bge-m3:latest"])
    settings.EMBEDDER, settings.OLLAMA_EMBEDDING_MODEL = "ollama", "nomic-embed-text"
    with serving(catalogue) as server, stamina.set_testing(testing=True, attempts=2, cap=True):
        settings.OLLAMA_URL = server.url
        yield Ollama(catalogue, server)


@pytest.mark.parametrize("ending", ["", "/", "/api", "/api/"])
def test_its_vectors_are_those_of_the_model_whatever_ends_its_address(
    stand_in: Ollama, settings: Settings, ending: str
) -> None:
    settings.OLLAMA_URL = stand_in.server.url + ending
    embedder = embedders.current()
    assert np.allclose(embedder.embed(TITLES), builtin.embedder().embed(TITLES), atol=1e-4)
    assert embedder.dimensions == builtin.DIMENSIONS
    assert embedder.name == "ollama:nomic-embed-text:latest@6e6f6d69632d:512"


def test_vectors_of_another_length_or_of_other_weights_have_another_name(stand_in: Ollama) -> None:
    before = embedders.current().name
    stand_in.catalogue.dimensions = 256
    shorter = embedders.current()
    assert (shorter.name, shorter.dimensions) == (before.replace("512", "256"), 256)
    assert np.allclose(np.linalg.norm(shorter.embed(TITLES), axis=1), 1)
    stand_in.catalogue.models["nomic-embed-text:latest"] = "f" * 64
    assert embedders.current().name == "ollama:nomic-embed-text:latest@ffffffffffff:256"
    stand_in.catalogue.dimensions = 128
    with pytest.raises(EmbedderError, match="128 numbers, not of 256 any more"):
        shorter.embed(TITLES)


@pytest.mark.usefixtures("stand_in")
def test_hundreds_of_texts_keep_their_order_and_one_that_is_too_long_is_cut() -> None:
    texts = [f"task number {number}" for number in range(100)]
    texts[40] = "one word after the other " * 100
    assert len(texts[40]) > CONTEXT
    found = embedders.current().embed(texts)
    alone = builtin.embedder().embed([texts[39], texts[40][: len(texts[40]) // 2], texts[99]])
    assert np.allclose(found[[39, 40, 99]], alone, atol=1e-4)
    assert embedders.current().embed([]).shape == (0, 512)


@pytest.mark.parametrize(
    ("path", "fault", "message"),
    [
        ("*", faults.status(503), "Ollama answered 503: try again later"),
        ("*", faults.html(), "answered with HTML, not JSON: wrong address"),
        ("/api/tags", faults.status(403), r"Ollama refused the request \(403\)"),
        ("/api/embed", faults.patched(embeddings=[[0.1, 0.2]]), "answered 1 vectors for 2 texts"),
        ("/api/embed", faults.patched(embeddings=[[0.1, 0.2], [0.1]]), "vectors of different lengths"),
        ("/api/embed", faults.patched(embeddings=[[0.0], [0.0]]), "a vector without a direction"),
        ("/api/embed", faults.patched(embeddings=[["x"], ["y"]]), "is not understood"),
        ("/api/embed", faults.truncated(), "stopped in the middle of its answer"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(stand_in: Ollama, path: str, fault: faults.Fault, message: str) -> None:
    stand_in.server.fail({path: fault})
    embedder = embedders.current()
    with pytest.raises(EmbedderError, match=message) as raised:
        embedder.name if path == "/api/tags" else embedder.embed(TITLES)
    assert "\n" not in str(raised.value)


def test_who_is_slow_or_not_there_is_named_with_what_to_do(stand_in: Ollama, settings: Settings) -> None:
    settings.OLLAMA_TIMEOUT = 0.05
    stand_in.server.fail({"*": faults.slow(60)})
    with pytest.raises(EmbedderError, match=r"Ollama \(127.0.0.1\) did not answer within 0.05 s"):
        embedders.current().embed(TITLES)
    settings.OLLAMA_URL = "http://127.0.0.1:9"
    with pytest.raises(EmbedderError, match="cannot be reached: check the address"):
        _ = embedders.current().name
    with pytest.raises(RemoteUnavailableError, match="cannot be reached: check OLLAMA_URL"), ollama.pulling("bge-m3"):
        pass


@pytest.mark.parametrize("url", ["localhost:11434", "http://[", "", "http://ollama.internal:11434"])
def test_an_address_that_cannot_be_used_is_refused(settings: Settings, url: str) -> None:
    settings.OLLAMA_URL = url
    with pytest.raises(RemoteRejectedError, match=r"OLLAMA_URL|address|REMOTE_HTTP_HOSTS"):
        ollama.digests()


@pytest.mark.usefixtures("stand_in")
def test_a_model_that_it_lacks_is_an_error_that_names_the_command(settings: Settings) -> None:
    settings.OLLAMA_EMBEDDING_MODEL = "bge-m3"
    with pytest.raises(EmbedderError, match="no model 'bge-m3:latest': run `update_ollama_models`"):
        _ = embedders.current().name
    with pytest.raises(EmbedderError, match="no model 'bge-m3:latest': run `update_ollama_models`"):
        embedders.current().embed(TITLES)


def test_user_and_password_of_the_address_are_sent_and_shown_nowhere(
    stand_in: Ollama, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    stand_in.catalogue.users = {"Basic YWxpOnAnYTpzcw=="}
    settings.OLLAMA_URL = stand_in.server.url.replace("//", "//ali:p'a%3Ass@")
    assert embedders.current().dimensions == 512
    settings.OLLAMA_URL = stand_in.server.url.replace("//", "//ali:secret@")
    with pytest.raises(EmbedderError, match=r"refused the user and password of OLLAMA_URL \(401\)") as raised:
        _ = embedders.current().name
    with pytest.raises(RemoteRejectedError) as refused, ollama.pulling("bge-m3"):
        pass
    assert not any(
        secret in f"{caplog.text}{raised.value}{refused.value}" for secret in ("p'a", "p%27a", "secret", "YWxp")
    )


@recorded
def test_models_that_are_missing_are_pulled_with_a_step_for_each_layer(stand_in: Ollama, settings: Settings) -> None:
    settings.OLLAMA_CHAT_MODEL = "bge-m3"
    dry = run(update_ollama_models, UpdateOllamaModels(), dry_run=True)
    assert dry.result == {"pulled": ["bge-m3:latest"]}
    assert list(stand_in.catalogue.models) == ["nomic-embed-text:latest"]
    outcome = run(update_ollama_models, UpdateOllamaModels())
    assert outcome.result == {"pulled": ["bge-m3:latest"]}
    assert outcome.counts["processed"] == sum(-(-size // 1_000_000) for _, size in LAYERS)
    assert "bge-m3:latest" in stand_in.catalogue.models
    assert run(update_ollama_models, UpdateOllamaModels()).result == {"pulled": []}


@recorded
@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            faults.text('{"status":"pulling manifest"}\n{"error":"no space left on device"}\n'),
            "no space left on device",
        ),
        (faults.Fault(), "cannot pull 'bge-m3:latest': pull model manifest: file does not exist"),
        (faults.text('{"status":"pulling manifest"}\n'), "stopped in the middle of 'bge-m3:latest'.*again"),
        (faults.text('{"status":"success"}\n{"status":"pulling manifest"}\n'), "stopped in the middle"),
        (faults.Fault(keep=200), "connection to Ollama broke: try again, and it continues"),
        (faults.Fault(keep=200, announced=False), "connection to Ollama broke: try again, and it continues"),
        (faults.status(500), r"refused to pull 'bge-m3:latest' \(500\)"),
    ],
)
def test_a_download_is_done_only_when_ollama_says_success_and_goes_on_when_run_again(
    stand_in: Ollama, settings: Settings, fault: faults.Fault, message: str
) -> None:
    settings.OLLAMA_CHAT_MODEL = "bge-m3"
    stand_in.server.fail({"/api/pull": fault})
    stand_in.catalogue.known = set() if fault == faults.Fault() else {"bge-m3:latest"}
    with pytest.raises(RemoteError, match=message):
        run(update_ollama_models, UpdateOllamaModels())
    stand_in.server.fail({})
    stand_in.catalogue.known = {"bge-m3:latest"}
    stand_in.catalogue.models.pop("bge-m3:latest", None)  # it had answered that it has it now, in what did not arrive
    assert run(update_ollama_models, UpdateOllamaModels()).result == {"pulled": ["bge-m3:latest"]}
