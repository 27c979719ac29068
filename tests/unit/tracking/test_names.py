import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.tracking.kernel.kinds import ApiKind, NameKind
from backend.tracking.kernel.names import Keys, ProjectNames, addresses, compared, folded, page, url_key

GITLAB = ProjectNames(ApiKind.GITLAB, ("https://gitlab.com/old/project", "https://gitlab.com/group/sub/project"))
GITHUB = ProjectNames(ApiKind.GITHUB, ("https://github.com/someone/any.thing",))
JIRA = ProjectNames(ApiKind.JIRA, ("https://acme.atlassian.net/browse/OLD", "https://acme.atlassian.net/browse/NEW"))
YOUTRACK = ProjectNames(ApiKind.YOUTRACK, ("https://example.com/youtrack/issue/DEMO",))
ALL = [GITLAB, GITHUB, JIRA, YOUTRACK, ProjectNames(None), ProjectNames(ApiKind.KIMAI)]

hosts = st.sampled_from(["GitLab.com", "www.github.com", "acme.atlassian.net.", "h:443", "h:80", "h:8080", "[::1]:81"])
paths = st.lists(
    st.sampled_from(
        ["a", "B", "-", "issues", "work_items", "incident", "browse", "issue", "projects", "jira", "12", "abc"]
    )
    | st.sampled_from(["ABC-12", "%41", "%2541", "%2F", "%ff", "é", "É", "İ", ".", "..", "", "a b", "merge_requests"])
    | st.text(max_size=4),
    max_size=8,
).map("/".join)
written = st.builds("{}{}/{}{}".format, st.sampled_from(["", "http://", "HTTPS://u:p@"]), hosts, paths, st.text())


@pytest.mark.parametrize(
    "address",
    [
        "https://gitlab.com/group/sub/project/-/issues/12",
        "https://gitlab.com/group/sub/project/-/work_items/12",
        "https://gitlab.com/group/sub/project/issues/12",
        "https://gitlab.com/group/sub/project/-/issues/incident/12",
        "https://gitlab.com/group/sub/project/-/issues/12/designs/a.png",
        "http://GitLab.com:80/Group/Sub/Project/-/issues/12/",
        "HTTPS://gitlab.com:443/group/sub/project/-/issues/12?scope=all#note_3",
        "https://www.gitlab.com./group//sub%2Fproject/%2D/issues/12",
        "https://name:secret@gitlab.com/group/sub/project/-/issues/12",
        "gitlab.com/group/sub/project/-/issues/12",
        "  https://gitlab.com/group/sub/project/-/issues/12\n",
    ],
)
def test_all_spellings_of_an_address_have_one_key(address: str) -> None:
    assert url_key(address) == "gitlab.com/group/sub/project/issues/12"


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("https://gitlab.com/group/project/-/merge_requests/34/diffs", "gitlab.com/group/project/merge_requests/34"),
        ("https://gitlab.com/group/project/merge_requests/34", "gitlab.com/group/project/merge_requests/34"),
        ("https://acme.atlassian.net/browse/abc-12?focusedCommentId=7", "acme.atlassian.net/issue/abc-12"),
        ("https://acme.atlassian.net/jira/software/c/projects/ABC/issues/ABC-12", "acme.atlassian.net/issue/abc-12"),
        (
            "https://acme.atlassian.net/jira/software/projects/ABC/boards/1?selectedIssue=ABC-12",
            "acme.atlassian.net/issue/abc-12",
        ),
        (
            "https://acme.atlassian.net/jira/core/projects/ABC/board?a=b&selectedIssue=abc-12#c",
            "acme.atlassian.net/issue/abc-12",
        ),
        (
            "https://acme.atlassian.net/jira/servicedesk/projects/ABC/queues/custom/1/ABC-12",
            "acme.atlassian.net/issue/abc-12",
        ),
        (
            "https://acme.atlassian.net/jira/servicedesk/projects/ABC/queues/issue/ABC-12",
            "acme.atlassian.net/issue/abc-12",
        ),
        ("https://acme.atlassian.net/jira/boards/1?selectedIssue=", "acme.atlassian.net/jira/boards/1"),
        ("https://acme.atlassian.net/other?selectedIssue=ABC-12", "acme.atlassian.net/other"),
        ("https://example.com/jira/projects/ABC/issues/ABC-12", "example.com/jira/issue/abc-12"),
        ("https://example.com/jira/browse/ABC-12", "example.com/jira/issue/abc-12"),
        ("https://example.com/youtrack/issue/DEMO-12/Print-labels", "example.com/youtrack/issue/demo-12"),
        ("https://tasks.example:8080/a/7", "tasks.example:8080/a/7"),
        ("https://tasks.example/größe/7", "tasks.example/gr%C3%B6%C3%9Fe/7"),
        ("https://tasks.example/GR%c3%96%C3%9FE/7", "tasks.example/gr%C3%B6%C3%9Fe/7"),
    ],
)
def test_each_system_has_its_own_addresses(address: str, key: str) -> None:
    assert url_key(address) == key


@pytest.mark.parametrize(
    "text", ["", "#12", "12", "ABC-12", "https://gitlab.com", "https://", "ftp://h/a", "see gitlab.com/a", "x" * 3000]
)
def test_what_is_no_address_of_a_task_has_no_key(text: str) -> None:
    assert url_key(text) == ""


@given(written | st.text())
@example("https://h/%4%31")
@example("http://h:443/a")
def test_the_key_of_a_key_is_the_key(address: str) -> None:
    key = url_key(address)
    assert url_key(key) == key
    assert len(key) <= 2000
    assert key.isascii() or key.partition("/")[2].isascii()


@given(hosts, paths)
def test_scheme_query_fragment_and_a_slash_at_the_end_say_nothing(host: str, path: str) -> None:
    plain = path.replace("?", "").replace("#", "").strip() or "x"
    keys = {
        url_key(f"{scheme}{host}/{plain}{end}")
        for scheme in ("http://", "https://", "HTTPS://")
        for end in ("", "/", "?a=b", "#c", "/?a#b")
    }
    assert len(keys) == 1


@pytest.mark.parametrize(
    "written",
    [
        *("#12", "12", "GH-12", "gh-12", "GL-12", "12-fix-login", "12-2nd-try", "#12-größe", "12_x", " #12\n"),
        *("#12:", "(#12)", "[#12],", "**#12**", "`#12`", "#12!", "GH-12:", "feature/12-fix", "Bug-fixes/ada/12_x"),
    ],
)
@pytest.mark.parametrize("names", [GITLAB, GITHUB])
def test_numbers_are_found_as_people_write_them(names: ProjectNames, written: str) -> None:
    assert names.code_keys(written) == Keys(("#12",))


@pytest.mark.parametrize(
    "written",
    [
        *("", "#", "x12", "12 fix", "12-3", "2026-01-31", "2026-01-31-notes", "#0", "AB-1", "#12 #13", "#12, #13"),
        *("12.5", "12:30", "1/12", "q4/12", "2026/12-notes", "a/2026-01-31-notes", "feature/#12", "feature/GH-12"),
        *("github.com/someone/any.thing/12-x", "pr#12", "#12-", "&12", "#12.5"),
    ],
)
def test_what_is_no_number_of_an_issue_leads_nowhere(written: str) -> None:
    assert GITHUB.code_keys(written) == Keys()


@pytest.mark.parametrize(
    ("names", "written", "key"),
    [
        (GITLAB, "group/sub/project#12", "#12"),
        (GITLAB, "Group/Sub/Project#12", "#12"),
        (GITLAB, "project#12", "#12"),
        (GITLAB, "old/project#12", "#12"),
        (GITLAB, "!34", "!34"),
        (GITLAB, "group/sub/project!34", "!34"),
        (GITHUB, "someone/any.thing#12", "#12"),
        (GITLAB, "sub/project#12", ""),
        (GITLAB, "other/project#12", ""),
        (GITLAB, "group/sub/project/more#12", ""),
        (GITHUB, "group/sub/project#12", ""),
        (GITHUB, "!34", ""),
        (ProjectNames(ApiKind.GITHUB), "someone/any.thing#12", ""),
    ],
)
def test_a_number_of_another_project_is_no_match(names: ProjectNames, written: str, key: str) -> None:
    assert names.code_keys(written).own == ((key,) if key else ())


@pytest.mark.parametrize(
    ("names", "written", "keys"),
    [
        (YOUTRACK, "demo-12", Keys(("demo-12",))),
        (YOUTRACK, "DEMO-12-print-labels", Keys(("demo-12",))),
        (JIRA, "abc-12", Keys(("abc-12",))),
        (JIRA, "OLD-12", Keys(("old-12",), ("new-12",), is_former=True)),
        (JIRA, "new-12", Keys(("new-12",), ("old-12",))),
        (JIRA, "NEW-2026-01-31", Keys(("new-2026-01-31",))),
        (JIRA, "[ABC-12]:", Keys(("abc-12",))),
        (JIRA, "feature/ABC-12", Keys(("abc-12",))),
        (JIRA, "bugfix/ada/abc-12-fix", Keys(("abc-12",))),
        (JIRA, "other.example/browse/ABC-12", Keys(("other.example/browse/abc-12",))),
        (JIRA, "ABC-12, ABC-13", Keys(("abc-12, abc-13",))),
        (JIRA, "#12", Keys(("#12",))),
        (JIRA, "", Keys()),
    ],
)
def test_keys_are_compared_without_regard_to_case(names: ProjectNames, written: str, keys: Keys) -> None:
    assert names.code_keys(written) == keys


@pytest.mark.parametrize(
    ("names", "address", "keys"),
    [
        (
            GITLAB,
            "https://gitlab.com/old/project/-/issues/12",
            Keys(("gitlab.com/old/project/issues/12",), ("gitlab.com/group/sub/project/issues/12",), is_former=True),
        ),
        (
            GITLAB,
            "https://gitlab.com/group/sub/project/-/work_items/12",
            Keys(("gitlab.com/group/sub/project/issues/12",), ("gitlab.com/old/project/issues/12",)),
        ),
        (GITLAB, "https://gitlab.com/old/project2/-/issues/12", Keys(("gitlab.com/old/project2/issues/12",))),
        (
            JIRA,
            "https://acme.atlassian.net/browse/OLD-12",
            Keys(("acme.atlassian.net/issue/old-12",), ("acme.atlassian.net/issue/new-12",), is_former=True),
        ),
        (JIRA, "https://acme.atlassian.net/browse/OLDER-12", Keys(("acme.atlassian.net/issue/older-12",))),
        (JIRA, "nothing", Keys()),
    ],
)
def test_an_address_is_looked_for_under_all_names_of_the_project(names: ProjectNames, address: str, keys: Keys) -> None:
    assert names.url_keys(address) == keys


@given(st.sampled_from(ALL), st.text() | written)
def test_whatever_is_written_has_keys_that_stay_what_they_are(names: ProjectNames, text: str) -> None:
    for key in (*names.code_keys(text).own, *names.code_keys(text).others):
        assert folded(key) == key
        assert names.code_keys(key).own == (key,)
    for key in (*names.url_keys(text).own, *names.url_keys(text).others):
        assert url_key(key) == key
    assert compared(NameKind.CODE, text) == folded(folded(text))


@given(st.integers(1, 10**9), st.sampled_from(["", "#", "GH-", "someone/any.thing#", "any.thing#"]), st.booleans())
def test_every_way_to_write_a_number_is_the_same(number: int, before: str, is_branch: bool) -> None:  # noqa: FBT001
    text = f"{before}{number}" + ("-fix-login" if is_branch else "")
    assert GITHUB.code_keys(text) == Keys((f"#{number}",))


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9_]{1,9}-[0-9]{1,6}", fullmatch=True))
def test_every_case_of_a_key_is_the_same(code: str) -> None:
    assert JIRA.code_keys(code) == JIRA.code_keys(code.swapcase()) == JIRA.code_keys(code.lower())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://a.b/1.", ["https://a.b/1"]),
        ("[title](https://a.b/1), <https://a.b/2>; **https://a.b/3**", ["https://a.b/1", "https://a.b/2", "https://a.b/3"]),
        ("(https://a.b/1) [https://a.b/2|label] {https://a.b/3}", ["https://a.b/1", "https://a.b/2", "https://a.b/3"]),
        ("https://a.b/1,https://a.b/2;HTTP://a.b/3", ["https://a.b/1", "https://a.b/2", "HTTP://a.b/3"]),
        ("两个 https://a.b/1。还有「https://a.b/2」", ["https://a.b/1", "https://a.b/2"]),
        ('„https://a.b/1“ "https://a.b/2" `https://a.b/3`', ["https://a.b/1", "https://a.b/2", "https://a.b/3"]),
        ("http://[::1]:8080/a/1\nhttps://a.b/2?c=d#e!", ["http://[::1]:8080/a/1", "https://a.b/2?c=d#e"]),
        ("https://a.b/1—https://a.b/2… and https://a.b/3\u2013", ["https://a.b/1", "https://a.b/2", "https://a.b/3"]),
        ("https://a.b/1 twice https://a.b/1", ["https://a.b/1"]),
        ("no address: a://b, https:/c", []),
    ],
)  # fmt: skip
def test_addresses_are_found_in_a_text_without_what_stands_round_them(text: str, found: list[str]) -> None:
    assert addresses(text) == found


@given(st.text() | st.lists(written, max_size=30).map(" ".join))
def test_any_text_has_a_limited_number_of_addresses(text: str) -> None:
    found = addresses(text)
    assert len(found) <= 20
    assert all(address in text and address.lower().startswith(("http://", "https://")) for address in found)


def test_the_page_of_a_project_is_that_above_its_tasks() -> None:
    assert page(ApiKind.GITLAB, "https://gitlab.com", "group/project") == "https://gitlab.com/group/project"
    assert page(ApiKind.JIRA, "https://acme.atlassian.net", "ABC") == "https://acme.atlassian.net/browse/ABC"
    assert page(ApiKind.YOUTRACK, "https://e.com/yt", "DEMO") == "https://e.com/yt/issue/DEMO"
