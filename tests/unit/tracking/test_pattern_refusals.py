import pytest

from backend.tracking.kernel.patterns.pattern import Pattern, PatternError
from backend.tracking.kernel.patterns.refusals import ASCII_ALONE, IN_SETS, UNKNOWN_ESCAPES


def refusal(pattern: str) -> str:
    with pytest.raises(PatternError) as error:
        Pattern(pattern)
    return str(error.value)


@pytest.mark.parametrize(
    "pattern", ["a{,3}", "a{3", "a{ 1,2}", "a{x}", "{", "{3,x}", r"\b{start}a", "(?:a{,3})", "${x}"]
)
def test_a_brace_that_begins_no_repetition_is_refused(pattern: str) -> None:
    assert refusal(pattern).startswith("a { that begins no repetition: write {0,3} for up to three times")


@pytest.mark.parametrize("pattern", ["[[a]]", "[[.a.]]", "[[=a=]]", "[a[b]]+", "[[a-z][0-9]]", "[^[a]]"])
def test_a_set_within_a_set_is_refused(pattern: str) -> None:
    assert refusal(pattern).startswith("a [ within [ ] is the character itself, and the first ] ends the set: write ")


@pytest.mark.parametrize(
    ("pattern", "sign"), [("[a&&b]", "&&"), (r"[\w--x]", "--"), ("[a||b]", "||"), ("[a~~b]", "~~"), ("[[a&&b]]", "&&")]
)
def test_sets_are_not_combined(pattern: str, sign: str) -> None:
    assert refusal(pattern).startswith(f"sets are not combined by {sign}: write the characters out")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (r"\<a", r"\< and \> are the characters themselves: write \b for the boundary of a word"),
        (r"a\>", r"\< and \> are the characters themselves: write \b for the boundary of a word"),
        (r"\`a", r"\` is the character itself: write \A for the start of the text"),
        (r"a\'", r"\' is the character itself: write \z for the end of the text"),
        ("[[:alpha:]]", r"[:alpha:] knows ASCII alone: write \p{L}"),
        ("[a[:^word:]]", r"[:word:] knows ASCII alone: write \w"),
        ("[:alpha:]", r"[:alpha:] knows ASCII alone: write \p{L}"),
        ("[:xdigit:]", "a named set stands within another, as in [[:xdigit:]]"),
        ("[[:<:]]word", r"there is no named set of that name; the boundary of a word is \b"),
        ("(?U)a", "(?U) exchanges * and *?: leave it out"),
        ("(?i:a(?sU:b*))", "(?U) exchanges * and *?: leave it out"),
        ("a++", "there is no possessive repetition, a++: write a+"),
        ("a{2}+", "there is no possessive repetition, a++: write a+"),
        ("a**", "two repetitions follow each other: put the first into a group, (?:a+)*"),
        ("a{1001}", "1,000 times is the most, and the smaller number comes first"),
        ("a{3,1}", "1,000 times is the most, and the smaller number comes first"),
        ("(?>a)", "there is no atomic group (?>…): write (?:…)"),
        ("(?#a)b", "there are no comments within a pattern"),
        ("(?x)a", "flags are i, m and s"),
        ("(?u)a", "flags are i, m and s"),
        ("(?|a|b)", "there is no (?|…)"),
        ("(?'n'a)", "a group is named by (?P<name>…)"),
        ("(?P<a-b>c)", "a group is named by (?P<name>…), with letters, digits and _"),
        ("(?R)", "there is no recursion, and no condition"),
        (r"(a)?(?(1)b|c)", "there is no recursion, and no condition"),
        (r"\p{Letter}", r"\p{…} needs a category or a script"),
        (r"\u00fc", r"a character by its number is written \x{fc}"),
        (r"\x{110000}", r"a character by its number is written \x{fc}"),
        (r"\Übung", r"a letter stands for itself without a \ before it"),
        (r"[#-\d]", r"a range ends with one character: write \- for the character -"),
        (r"a\Z", r"the end of the text is \z, not \Z"),
        (r"[\h]", r"there is no \h: write [\t\p{Zs}]"),
        (r"[\b]", r"\b does not stand within [ ]"),
        (r"(a)\1", "patterns are RE2's, which has no backreference"),
        ("(?P<a>b)(?P=a)", "patterns are RE2's, which has no backreference"),
        (r"\p{L}{1,100}", "it takes more than 1 MB to match: repeat less"),
        (r"\w{1,1000}\W{1,1000}", "it takes more than 1 MB to match: repeat less"),
    ],
)
def test_a_refusal_says_what_to_write(pattern: str, message: str) -> None:
    assert refusal(pattern).startswith(message)


@pytest.mark.parametrize("escape", UNKNOWN_ESCAPES)
def test_every_escape_that_is_said_not_to_exist_does_not(escape: str) -> None:
    assert refusal(f"a{escape}") == UNKNOWN_ESCAPES[escape]


@pytest.mark.parametrize("escape", IN_SETS)
def test_every_escape_that_is_said_not_to_stand_in_a_set_does_not(escape: str) -> None:
    assert refusal(f"[a{escape}]") == IN_SETS[escape]


@pytest.mark.parametrize("name", ASCII_ALONE)
def test_what_to_write_for_a_named_set_matches_what_it_matches_and_letters_beyond_ascii(name: str) -> None:
    ascii_alone = {"alnum": str.isalnum, "alpha": str.isalpha, "upper": str.isupper, "lower": str.islower}
    pattern = Pattern(ASCII_ALONE[name])
    for character in map(chr, range(0x250)):
        if name in ascii_alone and character.isascii():
            assert (pattern.found(character) is not None) == ascii_alone[name](character)
    assert (pattern.found("Ü") is not None) == (name in {"alnum", "alpha", "graph", "print", "upper", "word"})


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("[[(]#1[])]", "[#1]"),
        (r"[\[a]\]", "a]"),
        ("[]a]", "]"),
        ("a]", "a]"),
        (r"\{a}", "{a}"),
        ("[{]", "{"),
        (r"\Qa{,3}[[b]]\<\E", "a{,3}[[b]]\\<"),
        ("[a|b&~]", "&"),
        ("[[:xdigit:]-]{3}", "a-F"),
        (r"[\<]", "<"),
        (r"\12|\x{fc}", "\n"),
        (r"a{2}b{2,}c{1,2}?", "aabbc"),
        ("(?i-s:A)(?-i)b", "ab"),
    ],
)
def test_what_is_meant_as_it_stands_is_taken(pattern: str, text: str) -> None:
    assert Pattern(pattern).found(text) == ""
