from collections.abc import Collection

import pytest
from pydantic import SecretStr

from backend.tracking.kernel.configuration import declared, report
from backend.tracking.kernel.configuration.items import Item, Key, Kind
from backend.tracking.kernel.configuration.plan import Edit, Plan, Stored, plan
from tests.unit.tracking.configuration.factories import GITHUB, KIMAI, organization, parsed, rules, trackers
from upkeep.operations.plans import Change

USERS = {"ada": "Ada"}
TEXT = "match_on: pattern_to_task, text_pattern:"
MAPPING = "user_mappings: [{name: m, external_usernames_to_username: [%s]}]"


def items(text: str) -> dict[Key, Item]:
    return {item.key: item for item in declared.items(parsed(text), USERS)}


def planned(after: str, before: str = "", *, prune: bool = False, begun: bool = True) -> Plan:
    """What a file means when another one was applied before, if any."""
    stored = items(before) if before else {}
    trackers_begun: Collection[Key] = [key for key in stored if key[-1][0] is Kind.TRACKER] if begun else []
    return plan(items(after).values(), Stored(items=stored, usernames=["Ada"], begun=trackers_begun), prune=prune)


def told(found: Plan) -> dict[str, tuple[str, dict[str, tuple[object, object]]]]:
    """Action and fields of what is not unchanged."""
    return {
        change.label: (change.action, dict(change.fields)) for change in found.values() if change.action != "unchanged"
    }


def starts_again(found: Plan) -> list[str]:
    return [
        change.label for change in found.values() if isinstance(change.payload, Edit) and change.payload.starts_again
    ]


ALL = rules("match_on: always, target_task: pm", "match_on: external_task_id_to_task_url").replace(
    "code: acme,", "code: acme, organization_profiles: [{username: ADA}], user_mappings: [{name: m}],"
)


def test_each_declared_object_is_created_before_what_is_in_it() -> None:
    assert [(change.action, change.label) for change in planned(ALL).values()] == [
        ("created", "organization acme"),
        ("created", "profile Ada"),
        ("created", "user mapping m"),
        ("created", "project shop"),
        ("created", "tracker shop/code"),
        ("created", "task shop/code/pm"),
        ("created", "rule shop/code/always_to_task → pm"),
        ("created", "rule shop/code/external_task_id_to_task_url"),
        ("created", "tracker shop/hours"),
    ]


def test_the_same_again_changes_nothing_and_writes_nothing() -> None:
    found = planned(ALL, ALL)
    assert {change.action for change in found.values()} == {"unchanged"}
    assert not any(change.has_effect for change in found.values())


def test_keys_of_changes_tell_all_items_apart() -> None:
    found = planned(ALL)
    assert len({change.key for change in found.values()}) == len(found)


def test_what_changed_is_told_before_and_after() -> None:
    before = organization("name: Acme, default_username: bob")
    after = organization("name: Acme, timezone: Europe/Vienna")
    fields = {"timezone": ("UTC", "Europe/Vienna"), "default_username": ("bob", "")}
    assert told(planned(after, before)) == {"organization acme": ("updated", fields)}


def test_a_mapping_is_told_name_by_name() -> None:
    before = organization(MAPPING % "{external_username: a, username: x}, {external_username: b, username: y}")
    after = organization(MAPPING % "{external_username: b, username: z}, {external_username: c, username: x}")
    _, fields = told(planned(after, before))["user mapping m"]
    named = {name.removeprefix("external_usernames_to_username"): values for name, values in fields.items()}
    assert named == {"[a]": ("x", None), "[b]": ("y", "z"), "[c]": (None, "x")}


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("", "api_token: s3cret", ("not set", "set")),
        ("api_token: other", "api_token: s3cret", ("set", "replaced")),
        ("api_token: s3cret", "", ("set", "not set")),
    ],
)
def test_of_a_token_only_that_it_changed_is_told(before: str, after: str, shown: tuple[str, str]) -> None:
    one, two = (trackers(f"name: hours, {KIMAI}, {told}") for told in (before, after))
    found = planned(two, one)
    assert told(found) == {"tracker shop/hours": ("updated", {"api_token": shown})}
    assert "s3cret" not in repr(found)


def test_what_is_not_in_the_file_is_kept_behind_its_siblings() -> None:
    found = planned(trackers("name: b, tasks: [{code: y}]"), trackers("name: a", "name: b, tasks: [{code: x}]"))
    assert [(change.label, change.reason) for change in found.values() if change.action == "skipped"] == [
        ("task shop/b/x", "not_in_file"),
        ("tracker shop/a", "not_in_file"),
    ]


def test_prune_deletes_it_with_everything_in_it() -> None:
    found = planned(organization("name: Acme"), ALL, prune=True)
    assert [change.label for change in found.values() if change.action == "deleted"] == [
        change.label for change in planned(ALL).values()
    ][1:]


def test_what_goes_with_a_tracker_is_told() -> None:
    stored = items(trackers("name: a"))
    contents: dict[Key, str] = {key: "12 downloaded tasks" for key in stored if len(key) == 3}
    found = plan(items(organization("")).values(), Stored(items=stored, usernames=(), contents=contents), prune=True)
    assert "    - tracker a with 12 downloaded tasks" in report.lines(found)


def test_a_member_who_does_not_exist_is_skipped() -> None:
    found = planned(organization("organization_profiles: [{username: ada}, {username: bob}]"))
    assert told(found)["profile bob"] == ("skipped", {})
    assert [change.reason for change in found.values() if change.action == "skipped"] == ["no_such_user"]


def test_a_rule_in_front_moves_the_others_and_leaves_them_who_they_are() -> None:
    one, two = "match_on: always, target_task: pm", "match_on: external_task_id_to_task_url"
    found = told(planned(rules(two, one), rules(one)))
    assert found.pop("rule shop/code/external_task_id_to_task_url")[0] == "created"
    assert found == {"rule shop/code/always_to_task → pm": ("updated", {"place": (1, 2)})}


def test_rules_that_look_at_the_same_are_told_apart_by_their_number() -> None:
    rule = "match_on: always, target_task: pm"
    found = told(planned(rules(f"{rule}, priority: 5", f"{rule}, priority: 1"), rules(f"{rule}, priority: 5")))
    assert list(found) == ["rule shop/code/always_to_task (2) → pm"]


def test_rules_that_differ_have_different_keys_whatever_their_tasks_are_called() -> None:
    targets = ("pm", "pm", "pm (2)", "(2) → pm")
    file = rules(*(f"match_on: always, target_task: '{target}'" for target in targets))
    declared_items = items(file.replace("{code: pm}", ", ".join(f"{{code: '{code}'}}" for code in {*targets})))
    assert sum(key[-1][0] is Kind.RULE for key in declared_items) == len(targets)


@pytest.mark.parametrize("prune", [True, False])
def test_an_edited_rule_is_a_change_of_the_stored_one(*, prune: bool) -> None:
    before = rules(f"{TEXT} 'a', target_task: pm", "match_on: external_task_id_to_task_url")
    after = rules(f"{TEXT} 'b', target_task: pm, priority: 7", "match_on: external_task_id_to_task_url")
    assert told(planned(after, before, prune=prune)) == {
        "rule shop/code/pattern_to_task text 'a' → pm": ("updated", {"text_pattern": ("a", "b"), "priority": (0, 7)})
    }


def test_rules_that_stayed_are_told_first_then_edited_ones_in_their_order() -> None:
    before = rules(*(f"{TEXT} {text}, target_task: pm" for text in ("'a'", "'b'", "'c'")))
    after = rules(*(f"{TEXT} {text}, target_task: pm" for text in ("'c'", "'d'", "'e'", "'f'")))
    rule = "rule shop/code/pattern_to_task text '%s' → pm"
    assert told(planned(after, before)) == {
        rule % "c": ("updated", {"place": (3, 1)}),
        rule % "a": ("updated", {"text_pattern": ("a", "d"), "place": (1, 2)}),
        rule % "b": ("updated", {"text_pattern": ("b", "e"), "place": (2, 3)}),
        rule % "f": ("created", {"match_on": (None, "pattern_to_task"), "text_pattern": (None, "f"),
                                 "target_task": (None, "pm"), "place": (None, 4)}),
    }  # fmt: skip


@pytest.mark.parametrize(("prune", "action"), [(True, "deleted"), (False, "skipped")])
def test_a_stored_rule_that_no_edited_one_is_left_for_is_not_in_the_file(*, prune: bool, action: str) -> None:
    before = rules(f"{TEXT} 'a', target_task: pm", f"{TEXT} 'b', target_task: pm")
    found = told(planned(rules(f"{TEXT} 'c', target_task: pm"), before, prune=prune))
    assert [(label[-8:], action) for label, (action, _) in found.items()] == [
        ("'a' → pm", "updated"),
        ("'b' → pm", action),
    ]


def test_rules_of_another_kind_or_another_tracker_are_others() -> None:
    before = rules(f"{TEXT} 'a', target_task: pm")
    other_kind = planned(rules("match_on: always, target_task: pm"), before)
    assert sorted(action for action, _ in told(other_kind).values()) == ["created", "skipped"]
    other_tracker = planned(rules(f"{TEXT} 'b', target_task: pm").replace("name: code", "name: more"), before)
    assert "updated" not in {change.action for change in other_tracker.values() if change.label.startswith("rule")}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (GITHUB, GITHUB.replace("https://github.com/a/b", "git@github.com:a/b.git"), []),
        (GITHUB, GITHUB.replace("a/b", "a/c"), ["tracker shop/t"]),
        (GITHUB, GITHUB.replace("github", "gitlab"), ["tracker shop/t"]),
        (GITHUB, f"{GITHUB}, api_token: x", []),
        (GITHUB, "user_mapping: x", ["tracker shop/t"]),
    ],
)
def test_a_tracker_starts_again_when_other_records_come_from_there(
    before: str, after: str, expected: list[str]
) -> None:
    found = planned(trackers(f"name: t, {after}"), trackers(f"name: t, {before}"))
    assert starts_again(found) == expected
    assert len(list(report.notes(found))) == len(expected)
    assert not starts_again(planned(trackers(f"name: t, {after}"), trackers(f"name: t, {before}"), begun=False))


def test_a_token_with_an_older_key_is_written_again_without_a_change() -> None:
    stored = items(trackers(f"name: a, {KIMAI}, api_token: x"))
    stale = [key for key in stored if len(key) == 3]
    found = plan(stored.values(), Stored(items=stored, usernames=(), stale=stale), prune=False)
    assert [(change.action, change.payload.names) for change in found.values() if change.has_effect] == [
        ("unchanged", ["api_token", "api_username"])
    ]


def test_a_token_with_an_older_key_is_written_again_with_whatever_changed() -> None:
    before = items(trackers(f"name: a, {KIMAI}, api_token: x"))
    after = items(trackers(f"name: a, {KIMAI}, api_token: x, user_mapping: m"))
    stale = [key for key in before if len(key) == 3]
    found = plan(after.values(), Stored(items=before, usernames=(), stale=stale), prune=False)
    assert told(found) == {"tracker shop/a": ("updated", {"user_mapping": ("", "m")})}
    assert {*found[stale[0]].payload.names} == {"user_mapping", "api_token", "api_username"}


def test_a_plan_is_readable() -> None:
    before = trackers(f"name: code, {GITHUB}, tasks: [{{code: pm, estimates: 8}}, {{code: old}}]", "name: gone")
    task = "{code: pm, title: 'Plan it', estimates: 10.50}"
    after = trackers(
        f"name: code, {GITHUB}, api_token: x, user_mapping: m, tasks: [{task}]",
        f"name: hours, {KIMAI}",
    )
    assert report.lines(planned(after, before, prune=True)) == [
        "  organization acme",
        "    project shop",
        "    ~ tracker code",
        "          api_token: not set → set",
        "          user_mapping: nothing → m",
        "      ~ task pm",
        "            title: pm → Plan it",
        "            estimates: 8 → 10.5",
        "      - task old",
        "    + tracker hours: api_kind kimai, api_location https://kimai.example.com/en/admin/project/1/details",
        "    - tracker gone",
    ]


def test_a_long_plan_ends_with_how_much_is_left() -> None:
    tasks = ", ".join(f"{{code: t{number}}}" for number in range(3_000))
    found = report.lines(planned(trackers(f"name: code, tasks: [{tasks}]")))
    assert len(found) == 2_001
    assert found[-1] == "… 1,003 more lines: --verbose shows them all"


def test_probable_slips_are_warnings() -> None:
    text = rules("match_on: always, target_task: pm, source_work_trackers: [code, hours]").replace(
        "name: code,", "name: code, user_mapping: m,"
    )
    found = list(declared.warnings(parsed(text)))
    assert len(found) == 2
    assert found[0].startswith("tracker shop/code: the user mapping 'm' is not declared")
    assert found[1] == "tracker shop/code: a rule looks at code (github), which brings no work entries"


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        ("match_on: always, target_task: pm, text_pattern: a", "text_pattern"),
        ("match_on: always, target_task: pm, breadcrumb_pattern: b", "breadcrumb_trail_pattern"),
        ("match_on: external_task_id_to_task_url, target_task: nowhere", "target_task"),
    ],
)
def test_what_means_nothing_to_a_rule_is_ignored_with_a_warning(rule: str, key: str) -> None:
    """Siisurit ignores it without a word, and its files apply unchanged."""
    organization = parsed(rules(rule))
    [warning] = declared.warnings(organization)
    kind = organization.projects[0].trackers[0].work_matches[0].match_on
    assert warning == f"tracker shop/code: rule 1: {key} means nothing to match_on {kind}: it is ignored"
    [stored] = [item.fields for item in declared.items(organization, USERS) if item.key[-1][0] is Kind.RULE]
    assert stored[key] == ""


def test_users_are_named_with_all_their_places() -> None:
    text = organization(
        "default_username: bob, organization_profiles: [{username: bob}], "
        + MAPPING % "{external_username: a, username: bob}"
    )
    users = declared.usernames(parsed(text))
    assert users == {"bob": ["organization_profiles", "default_username", "user mapping m"]}
    assert "'bob' (organization_profiles, default_username, user mapping m)" in report.absent_users(users, "acme")


def test_a_change_holds_no_secret() -> None:
    assert isinstance(planned(trackers(f"name: a, {KIMAI}, api_token: s3cret, api_username: al")), dict)
    for change in planned(trackers(f"name: a, {KIMAI}, api_token: s3cret, api_username: s3cret")).values():
        assert "s3cret" not in repr(Change(*change))
        assert not any(isinstance(value, SecretStr) for pair in change.fields.values() for value in pair)
