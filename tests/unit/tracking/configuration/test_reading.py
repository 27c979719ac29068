from decimal import Decimal

import pytest

from backend.tracking.kernel.kinds import MatchOn
from backend.tracking.kernel.patterns.pattern import MAX_TOTAL_MEMORY, facts
from tests.unit.tracking.configuration.factories import GITHUB, KIMAI, organization, parsed, problems, rules, trackers

AL = "{external_username: x, username: a}"
ALWAYS = "match_on: always, target_task: pm"
TEXT = "match_on: pattern_to_task, target_task: pm, text_pattern:"
CODED = "'(?P<task_code>a)'"
GITLAB = "api_kind: gitlab, api_location: 'https://gitlab.com/a/b'"
YOUTRACK = "api_kind: youtrack, api_location: 'https://example.youtrack.cloud/projects/DEMO'"


def test_the_smallest_file_has_a_code_and_defaults() -> None:
    acme = parsed("organization: {code: acme}")
    assert (acme.code, acme.timezone, acme.projects, acme.default_username) == ("acme", "UTC", [], "")


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ("nmae: x", "unknown key 'nmae' in the organization: did you mean 'name'?"),
        ("name: [x]", "name must be a text, not a list"),
        ("name: {x: y}", "name must be a text, not a mapping"),
        ("name: 123", "name must be a text, not a number: put it into quotes, '123'"),
        ("name: 2026-01-02", "name must be a text, not a date: put it into quotes, '2026-01-02'"),
        ("name: 12:30", "name must be a text, not a number: put it into quotes, '12:30'"),
        ("name: ''", "name '' is empty, or begins or ends with spaces"),
        ("name: 'a '", "name 'a ' is empty, or begins or ends with spaces"),
        ('name: "a\\nb"', "name 'a\\nb' is more than one line"),
        ("timezone: Europe/Viena", "timezone 'Europe/Viena' is not an IANA time zone: did you"),
        ("timezone: ../UTC", "timezone '../UTC' is not an IANA time zone"),
        ("timezone: Factory", "timezone 'Factory' is not an IANA time zone"),
        ("timezone: localtime", "timezone 'localtime' is not an IANA time zone"),
        ("timezone: posixrules", "timezone 'posixrules' is not an IANA time zone"),
        ("organization_profiles: ada", "organization_profiles must be a list (each item begins with -), not 'ada'"),
        ("organization_profiles: [ada]", "an item of organization_profiles must be a mapping (key: value), not 'ada'"),
        ("organization_profiles: [{}]", "username is missing: every profile has one"),
        ("organization_profiles: [~]", "an item of organization_profiles must be a mapping (key: value), not nothing"),
        ("organization_profiles: [{username: a}, {username: A}]", "username 'A' is already there, at line 2"),
        ("user_mappings: [{name: a}, {name: a}]", "name 'a' is already there, at line 2"),
        ("user_mappings: [{name: a, fallback: nobody}]", "fallback 'nobody' is unknown: there are default, none"),
        ("user_mappings: [{name: a, fallback: default}]", "fallback default needs a default_username"),
        (
            f"user_mappings: [{{name: a, external_usernames_to_username: [{AL}, {AL}]}}]",
            "external_username 'x' is already there, at line 2",
        ),
        ("projects: [{code: a}, {code: a}]", "code 'a' is already there, at line 2"),
        ("projects: [{code: no}]", "code must be a text, not true or false: put it into quotes, 'no'"),
        ("projects: [{code: 7}]", "code must be a text, not a number: put it into quotes, '7'"),
        ("projects: [{code: a b}]", "code 'a b' is not a valid code"),
        ("projects: [{code: -a}]", "code '-a' is not a valid code"),
        ("projects: [{code: ''}]", "code '' is not a valid code"),
        (f"projects: [{{code: {'a' * 101}}}]", f"code '{'a' * 79}…' is not a valid code"),
        ("name: '${SHOP_TOKEN}'", "${SHOP_TOKEN} is read from the environment in api_token and api_username only"),
    ],
)
def test_what_is_wrong_with_an_organization_is_told(told: str, problem: str) -> None:
    found = problems(organization(told))
    assert len(found) == 1
    assert found[0].startswith(f"2: {problem}")


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ("name: a, api_kind: gihub, api_location: x", "api_kind 'gihub' is unknown: did you mean 'github'?"),
        ("name: a, api_kind: 7, api_location: x", "api_kind '7' is unknown"),
        ("name: a, api_kind: github", "api_kind github needs an api_location"),
        ("name: a, api_location: x", "api_location needs an api_kind"),
        ("name: a, api_username: x", "api_username needs an api_kind"),
        (
            "name: a, api_kind: github, api_location: x",
            "api_location 'x' is not the address of a github repository (a board is not one)",
        ),
        (
            f"name: a, {GITHUB}, api_custom_assignee_fields: [b]",
            "api_custom_assignee_fields is for youtrack, not for github: remove it",
        ),
        (f"name: a, {GITHUB}, api_task_fields: b", "api_task_fields is for kimai, not for github: remove it"),
        (f"name: a, {KIMAI}, merge_requests: true", "merge_requests is for gitlab, not for kimai: remove it"),
        (f"name: a, {KIMAI}, merge_requests: false", "merge_requests is for gitlab, not for kimai: remove it"),
        (f"name: a, {GITLAB}, merge_requests: 'true'", "merge_requests must be true or false, without quotes, not"),
        (f"name: a, {GITLAB}, merge_requests: 1", "merge_requests must be true or false, without quotes, not '1'"),
        (f"name: a, {KIMAI}, api_task_fields: ','", "an item of api_task_fields '' is empty"),
        (f"name: a, {KIMAI}, api_task_fields: {{a: b}}", "an item of api_task_fields must be a text, not a mapping"),
        ("name: a, api_task_fields: b", "api_task_fields needs an api_kind"),
        (f"name: a, {GITHUB}, api_token: '${{NO_TOKEN}}'", "${NO_TOKEN} is not set in the environment"),
        (
            f"name: a, {GITHUB}, api_token: '${{PATH}}'",
            "${PATH} is not set aside for configuration files: add PATH to TRACKER_SECRETS in the environment",
        ),
        (f"name: a, {GITHUB}, api_token: '${{OUR_KEY}}'", "${OUR_KEY} is a setting of Upkeep itself"),
        (f"name: a, {GITHUB}, api_token: '${{SHOP_TOKEN'", "${ without its }"),
        (f"name: a, {GITHUB}, api_token: 'x '", "api_token begins or ends with spaces"),
        (f"name: a, {GITHUB}, api_token: [x]", "api_token must be a text, not a list"),
        (f"name: a, {GITHUB}, api_token: '${{EXAMPLE_GITHUB2_TOKEN}}'", "${EXAMPLE_GITHUB2_TOKEN} is not set"),
        ("tasks: []", "name is missing: every tracker has one"),
        ("name: a, tasks: [{code: x}, {code: x}]", "code 'x' is already there, at line 2"),
        ("name: a, tasks: [{title: x}]", "code is missing: every task has one"),
        ("name: a, tasks: [{code: x, estimates: -1}]", "estimates must be a number of hours"),
        ("name: a, tasks: [{code: x, estimates: .nan}]", "estimates must be a number of hours"),
        ("name: a, tasks: [{code: x, estimates: .inf}]", "estimates must be a number of hours"),
        ("name: a, tasks: [{code: x, estimates: 100000000}]", "estimates must be a number of hours"),
        ("name: a, tasks: [{code: x, estimates: 0.125}]", "estimates must be a number of hours"),
        ("name: a, tasks: [{code: x, estimates: '8'}]", "estimates must be a number of hours, without quotes"),
        ("name: a, tasks: [{code: x, estimates: yes}]", "estimates must be a number of hours"),
    ],
)
def test_what_is_wrong_with_a_tracker_is_told(told: str, problem: str) -> None:
    found = problems(trackers(told))
    assert len(found) == 1
    assert found[0].startswith(f"2: {problem}")


def test_two_trackers_of_a_name_are_told() -> None:
    assert problems(trackers("name: a", "name: b", "name: a")) == ["4: name 'a' is already there, at line 2: keep one"]


@pytest.mark.parametrize(
    "location",
    ["https://ada:s3cret@github.com/a/b", "https://s3cret@github.com/a/b", "https://github.com/a/b?pass_key=s3cret"],
)
def test_a_location_with_a_secret_is_not_quoted(location: str) -> None:
    (found,) = problems(trackers(f"name: a, api_kind: github, api_location: '{location}'"))
    told = "an address must not hold a password or a token: put that into api_token"
    assert found == f"2: api_location: {told}"


@pytest.mark.parametrize(
    "name", ["glpat-s3cret", "s3cret_TOKEN", "AKIA7S3CRET9EXAMPLE", "S3CRETS3CRET_TOKEN", "S" * 61]
)
@pytest.mark.parametrize("key", ["api_token", "api_username", "user_mapping"])
def test_what_is_no_name_of_a_variable_is_not_quoted(name: str, key: str) -> None:
    (found,) = problems(trackers(f"name: a, {GITHUB}, {key}: '${{{name}}}'"))
    assert found.startswith("2: ${…} (name not shown) is ")
    assert name not in found


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ("priority: 1", "match_on is missing: every rule has one"),
        ("match_on: regex", "match_on 'regex' is unknown"),
        ("match_on: always_to_task", "match_on always_to_task needs a target_task"),
        ("match_on: always", "match_on always_to_task needs a target_task"),
        (
            "match_on: always, target_task: mp",
            "the tracker has no task 'mp', neither declared here nor downloaded yet: there is pm",
        ),
        (
            "match_on: pattern_to_task, target_task: pm",
            "match_on pattern_to_task needs a text_pattern or a breadcrumb_trail_pa",
        ),
        ("match_on: pattern_to_task, text_pattern: a", "match_on pattern_to_task needs a target_task"),
        (
            "match_on: pattern_to_task_code",
            "match_on pattern_to_task_code: neither pattern has a group (?P<task_code>…)",
        ),
        (
            f"match_on: pattern_to_task_code, text_pattern: {CODED}, breadcrumb_trail_pattern: {CODED}",
            "match_on pattern_to_task_code: both patterns have a group",
        ),
        (
            f"{TEXT} a, breadcrumb_pattern: b, breadcrumb_trail_pattern: c",
            "breadcrumb_pattern is another name of breadcrumb_trail_pattern, which is already there: keep one",
        ),
        (f"{TEXT} a, breadcrumb_pattern: [b]", "breadcrumb_trail_pattern must be a text, not a list"),
        (
            f"{TEXT} '(?=a)b'",
            "text_pattern '(?=a)b' is not a valid pattern: patterns are RE2's, which has no lookaround",
        ),
        (
            f"{TEXT} '(?<!a)b'",
            "text_pattern '(?<!a)b' is not a valid pattern: patterns are RE2's, which has no lookaround",
        ),
        (
            rf"{TEXT} '(a)\1'",
            r"text_pattern '(a)\\1' is not a valid pattern: patterns are RE2's, which has no backreference",
        ),
        (
            "match_on: pattern_to_task_code, text_pattern: '(?P<task_code>a'",
            "text_pattern '(?P<task_code>a' is not a valid pattern: missing )",
        ),
        (rf"{TEXT} '\(?=\\1('", r"text_pattern '\\(?=\\\\1(' is not a valid pattern: missing )"),
        (f"{TEXT} 'a[\tb'", r"text_pattern 'a[\tb' is not a valid pattern: missing ]: [\tb"),
        (f"{TEXT} '{'a' * 2001}'", "text_pattern 'aaaaaaaaaa"),
        (f"{ALWAYS}, priority: 1.5", "priority must be a whole number"),
        (f"{ALWAYS}, priority: '1'", "priority must be a whole number, without quotes"),
        (f"{ALWAYS}, priority: 1000001", "priority must be a whole number"),
        (f"{ALWAYS}, source_work_trackers: hurs", "there is no tracker 'hurs' in this project: did"),
        (f"{ALWAYS}, source_work_trackers: [hours, x]", "there is no tracker 'x' in this pro"),
        (f"{ALWAYS}, source_work_trackers: 7", "an item of source_work_trackers must be"),
    ],
)
def test_what_is_wrong_with_a_rule_is_told(told: str, problem: str) -> None:
    found = problems(rules(told))
    assert len(found) == 1, found
    assert found[0].startswith(f"3: {problem}")


@pytest.mark.parametrize("key", ["text_pattern", "breadcrumb_trail_pattern", "breadcrumb_pattern"])
@pytest.mark.parametrize("pattern", ["Team #12", "Team   #12", "#12", "&a Team #12", "!!str Team #12", "~ #"])
def test_a_pattern_that_a_comment_cuts_off_is_told_at_its_line(key: str, pattern: str) -> None:
    found = problems(rules("match_on: always, target_task: pm", f"match_on: pattern_to_task, {key}: {pattern}\n"))
    name = key.replace("breadcrumb_pattern", "breadcrumb_trail_pattern")
    assert f"4: {name} has no quotes, and ends before a comment (#): put it into quotes" in "\n".join(found)


@pytest.mark.parametrize("pattern", ["'Team' # 12", "Team#12", "\n # twelve\n Team", '"Team #12" # 12', "Team\n # 12"])
def test_a_comment_that_cuts_nothing_off_is_a_comment(pattern: str) -> None:
    assert not problems(rules(f"match_on: pattern_to_task, target_task: pm, text_pattern: {pattern}\n"))
    assert not problems(rules(f"match_on: always, text_pattern: a, target_task: pm # {pattern.splitlines()[0]}\n"))


def test_patterns_may_take_32_mb_together_and_the_one_too_many_is_told_at_its_line() -> None:
    pattern = r"match_on: pattern_to_task, target_task: pm, text_pattern: '\w{1,200}'"
    memory = facts(r"\w{1,200}").memory
    assert memory > 500_000
    fitting = MAX_TOTAL_MEMORY // memory
    assert not problems(rules(*[pattern] * fitting))
    (found,) = problems(rules(*[pattern] * (fitting + 3)))
    assert found.startswith(f"{3 + fitting}: text_pattern: the patterns of the organization take more than 32 MB to ")


def test_a_text_is_the_same_however_its_letters_are_composed() -> None:
    assert not problems(rules("match_on: always, target_task: gro\u0308ße").replace("code: pm", "code: größe"))


def test_problems_of_all_kinds_are_told_together_in_the_order_of_their_lines() -> None:
    text = rules("match_on: always, target_task: x", "priority: x", "match_on: regex, text_pattern: '('")
    found = problems(text.replace("code: acme", "code: acme, code: b, nam: '${PATH}'"))
    assert [problem.partition(":")[0] for problem in found] == ["1", "1", "1", "3", "4", "4", "5", "5"]


def test_a_target_may_be_a_task_that_was_downloaded() -> None:
    text = rules("match_on: always, target_task: '#12'")
    assert problems(text)
    assert not problems(text, downloaded={("shop", "code"): {"#12"}})
    assert problems(text, downloaded={("shop", "hours"): {"#12"}})


def test_values_are_read_as_they_are_meant() -> None:
    code, hours = parsed(
        rules(
            "match_on: always, target_task: pm, priority: -5, source_work_trackers: hours",
            "match_on: pattern_to_task_code, breadcrumb_trail_pattern: '(?i)(?P<task_code>a)'",
        ).replace("code: pm", "code: pm, estimates: 1_000.5")
    ).projects[0].trackers  # fmt: skip
    assert code.tasks[0].estimates == Decimal("1000.5")
    first, second = code.work_matches
    assert (first.match_on, first.priority, first.source_work_trackers) == (MatchOn.ALWAYS_TO_TASK, -5, ["hours"])
    assert (second.text_pattern, second.source_work_trackers) == ("", [])
    assert not hours.api_token


def test_variables_are_filled_in_and_shown_nowhere() -> None:
    text = trackers(f"name: a, {KIMAI}, api_token: 'x-${{SHOP_TOKEN}}', api_username: '${{SHOP_USERNAME}}'")
    (tracker,) = parsed(text).projects[0].trackers
    assert tracker.api_token.get_secret_value() == "x-s3cret-1"
    assert tracker.api_username.get_secret_value() == "ada@example.com"
    assert "s3cret" not in repr(tracker)
    assert "ada" not in repr(tracker)


@pytest.mark.parametrize("value", ["s3cret", "a$b", "a{b}"])
def test_a_token_may_stand_in_the_file(value: str) -> None:
    (tracker,) = parsed(trackers(f"name: a, {KIMAI}, api_token: '{value}'")).projects[0].trackers
    assert tracker.api_token.get_secret_value() == value


def test_fallback_none_is_a_word_and_not_nothing() -> None:
    assert parsed(organization("user_mappings: [{name: a, fallback: none}]")).user_mappings[0].fallback == "none"


@pytest.mark.parametrize("fields", ["'Owner, Developer'", "[Owner, Developer]"])
def test_names_of_fields_are_a_list_or_one_text_with_commas(fields: str) -> None:
    text = trackers(
        f"name: a, {YOUTRACK}, api_custom_assignee_fields: {fields}", f"name: b, {KIMAI}, api_task_fields: {fields}"
    )
    youtrack, kimai = parsed(text).projects[0].trackers
    assert youtrack.api_custom_assignee_fields == kimai.api_task_fields == ["Owner", "Developer"]


@pytest.mark.parametrize(("written", "flag"), [("true", True), ("yes", True), ("on", True), ("false", False)])
def test_a_flag_is_written_as_yaml_writes_it(written: str, *, flag: bool) -> None:
    (tracker,) = parsed(trackers(f"name: a, {GITLAB}, merge_requests: {written}")).projects[0].trackers
    assert tracker.merge_requests is flag


def test_an_alias_is_the_same_key() -> None:
    alias, name = (
        parsed(rules(f"match_on: pattern_to_task, target_task: pm, {key}: 'a / b'"))
        for key in ("breadcrumb_pattern", "breadcrumb_trail_pattern")
    )
    assert alias == name
    assert alias.projects[0].trackers[0].work_matches[0].breadcrumb_trail_pattern == "a / b"


def test_the_line_of_what_is_wrong_below_an_alias_is_known() -> None:
    text = rules(f"{TEXT} a,\n priority: 1,\n breadcrumb_pattern: '('")
    assert problems(text)[0].startswith("5: breadcrumb_trail_pattern '(' is not a valid pattern")


def test_of_a_pattern_that_names_a_secret_nothing_is_quoted() -> None:
    [found] = problems(rules("match_on: pattern_to_task, target_task: pm, text_pattern: 'token=[abc123'"))
    assert found.endswith("is not a valid pattern: missing ]")
    assert "abc123" not in found


@pytest.mark.parametrize(("host", "refused"), [("kimai.example.com:8001", True), ("127.0.0.1:8001", False)])
def test_a_token_is_sent_in_clear_to_hosts_alone_where_that_is_allowed(host: str, refused: bool) -> None:  # noqa: FBT001
    text = f"""\
organization:
  code: acme
  name: Acme
  projects:
    - code: shop
      name: Shop
      trackers:
        - name: hours
          api_kind: kimai
          api_location: http://{host}/en/admin/project/1/details
"""
    advice = "use https://, or allow this host (REMOTE_HTTP_HOSTS)"
    expected = [f"10: api_location: http:// to 'kimai.example.com' is refused: {advice}"] if refused else []
    assert problems(text) == expected
