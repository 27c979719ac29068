"""From a file's document to a configuration that can be applied."""

from collections.abc import Collection
from dataclasses import replace
from itertools import chain, islice

from pydantic import ValidationError

from backend.tracking.kernel.configuration import aliases, references
from backend.tracking.kernel.configuration.documents import Document
from backend.tracking.kernel.configuration.explanations import explained
from backend.tracking.kernel.configuration.problems import MAX_PROBLEMS, ConfigurationError
from backend.tracking.kernel.configuration.references import Downloaded
from backend.tracking.kernel.configuration.schema import File, Organization
from backend.tracking.kernel.configuration.variables import Variables


def configuration(
    document: Document, downloaded: Downloaded, variables: Variables, *, http_hosts: Collection[str]
) -> Organization:
    """The organization that the document describes; `http_hosts` may be reached without TLS.

    Raises ConfigurationError, which lists everything that is wrong.
    """
    document = aliases.resolved(document)
    content, missing = variables.filled(document)
    filled = replace(document, content=content)
    misfits = chain(references.problems(filled, downloaded), references.sent_in_clear(filled, http_hosts))
    problems = [*document.problems, *missing]
    try:
        organization = File.model_validate(content).organization
    except ValidationError as error:
        raise ConfigurationError(document.file, chain(problems, explained(error, filled), misfits)) from None
    problems += islice(misfits, MAX_PROBLEMS + 1)
    if problems:
        raise ConfigurationError(document.file, problems)
    return organization
