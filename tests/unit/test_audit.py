"""What `make audit` makes of pip-audit's answer."""

from ops.audit import UNREACHABLE, verdict

FINE = {"name": "django", "version": "5.2.19", "vulns": []}
BAD = {"name": "pillow", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1", "2.0"]}]}
UNKNOWN = {"name": "ours", "skip_reason": "Dependency not found"}


def test_packages_without_an_advisory_are_fine() -> None:
    assert verdict([FINE]) == (0, ["audited 1, advisories: 0"])


def test_an_advisory_is_told_with_the_version_that_mends_it() -> None:
    status, lines = verdict([FINE, BAD])
    assert (status, lines[0]) == (1, "pillow 1.0: PYSEC-1, mended in 1.1, 2.0")


def test_a_package_that_nobody_knows_is_not_passed_over() -> None:
    status, lines = verdict([FINE, UNKNOWN])
    assert (status, lines[0]) == (1, "not known there, and so not audited: ours")


def test_an_answer_about_nothing_is_no_audit() -> None:
    assert verdict([UNKNOWN, UNKNOWN]) == (2, [UNREACHABLE])
