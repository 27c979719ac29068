"""Why a pattern is refused: what RE2 does not have, and what it takes, but otherwise than it is meant elsewhere."""

import re

from backend.tracking.kernel.patterns.syntax import ITEM, Kind, Token, tokens

LOOKAROUND = "patterns are RE2's, which has no lookaround, such as (?=…) and (?!…)"
BACKREFERENCE = r"patterns are RE2's, which has no backreference, such as \1 and (?P=name)"
CODE_POINT = r"a character by its number is written \x{fc}"
UNKNOWN_ESCAPES = {
    **dict.fromkeys([*(rf"\{digit}" for digit in range(1, 10)), r"\g", r"\k"], BACKREFERENCE),
    **dict.fromkeys([r"\u", r"\U", r"\N"], CODE_POINT),
    r"\Z": r"the end of the text is \z, not \Z",
    r"\G": r"there is no \G: a pattern is matched from the start of the text anyway",
    r"\K": r"there is no \K: put the code into the group (?P<task_code>…)",
    r"\R": r"there is no \R: write (?:\r\n|\n|\r) for the end of a line",
    r"\X": r"there is no \X: write (?s:.) for any character, or \p{L}\p{M}* for a letter with what stands over it",
    r"\h": r"there is no \h: write [\t\p{Zs}] for a blank within a line",
    r"\H": r"there is no \H: write [^\t\p{Zs}] for what is not a blank",
    r"\e": r"there is no \e: write \x1b",
    r"\c": r"there is no \c: write \x and two digits for a control character",
    r"\E": r"there is no \E without \Q before it",
    **dict.fromkeys([r"\m", r"\M", r"\y", r"\Y"], r"the boundary of a word is \b"),
}
IN_SETS = {
    r"\b": r"\b does not stand within [ ]: write (?:^|[…]) for the boundary or one of the characters",
    r"\B": r"\B does not stand within [ ]",
    r"\A": r"\A does not stand within [ ]: write (?:\A|[…])",
    r"\z": r"\z does not stand within [ ]: write (?:[…]|\z)",
    r"\Q": r"\Q does not stand within [ ]: write \ before each character",
}
UNKNOWN_GROUPS = {
    r"<?[=!]": LOOKAROUND,
    r"P=": BACKREFERENCE,
    r">": "there is no atomic group (?>…): write (?:…); RE2 never takes long",
    r"#": "there are no comments within a pattern: write them into the file, after a #",
    r"'": "a group is named by (?P<name>…)",
    r"\|": "there is no (?|…): put one group round the alternatives, (?P<name>a|b)",
    r"P>|[&R\d(]|[+-]\d": "there is no recursion, and no condition: write the parts out",
    r"P?<": "a group is named by (?P<name>…), with letters, digits and _",
    r"[A-Za-z^]": "flags are i, m and s, as in (?i); letters are those of all scripts anyway",
}
TOO_LARGE = "it takes more than 1 MB to match: repeat less, as {1,20} instead of {1,1000}, or leave \\p{…} out of it"
PROBLEMS_OF_RE2 = {
    r"too large": TOO_LARGE,
    r"bad repetition operator: .*\+$": "there is no possessive repetition, a++: write a+; RE2 never takes long",
    r"bad repetition operator: ": "two repetitions follow each other: put the first into a group, (?:a+)*",
    r"invalid repetition size": "1,000 times is the most, and the smaller number comes first, as in {1,3}",
    r"named capture group": "a group is named by (?P<name>…), with letters, digits and _",
    r"range: \[:": r"there is no named set of that name; the boundary of a word is \b",
    r"range: \\[pP]": r"\p{…} needs a category or a script, such as \p{L}, \p{Lu}, \p{N} or \p{Greek}",
    r"escape sequence: \\[dDsSwW]$": r"a range ends with one character: write \- for the character -, as in [a\-\d]",
    r"escape sequence: \\[^\Wx]$": r"a letter stands for itself without a \ before it; only punctuation needs one",
    r"escape sequence: \\x": CODE_POINT,
}
ARROW = r"\< and \> are the characters themselves: write \b for the boundary of a word, < or > for them"
MISUNDERSTOOD_ESCAPES = {
    r"\C": r"\C is a byte, and half a character at times: write (?s:.) for any character",
    **dict.fromkeys([r"\<", r"\>"], ARROW),
    r"\`": r"\` is the character itself: write \A for the start of the text, ` for the character",
    r"\'": r"\' is the character itself: write \z for the end of the text, ' for the character",
}
ASCII_ALONE = {
    "alnum": r"[\p{L}\p{N}]",
    "alpha": r"\p{L}",
    "blank": r"[\t\p{Zs}]",
    "digit": r"\d",
    "graph": r"[^\s\p{C}]",
    "lower": r"\p{Ll}",
    "print": r"\P{C}",
    "punct": r"[\p{P}\p{S}]",
    "space": r"\s",
    "upper": r"\p{Lu}",
    "word": r"\w",
}
"""Named sets in which a user misses an Ü, and what has it."""
NAMED_SET = re.compile(r"\[:\^?(\w+):\]")
OPERATOR = re.compile(r"&&|--|~~|\|\|")
BRACE = r"a { that begins no repetition: write {0,3} for up to three times, {3} for three, or \{ for the character"
NESTED = r"a [ within [ ] is the character itself, and the first ] ends the set: write \[ and \] for the characters"
LAZY = "(?U) exchanges * and *?: leave it out, and write *? where as little as possible is meant"


def reason(pattern: str, problem: str) -> str:
    """Why RE2 refuses a pattern, and what to write.

    Args:
        pattern: what RE2 does not compile.
        problem: what it says.
    """
    for token in tokens(pattern):
        unknown = IN_SETS | UNKNOWN_ESCAPES if token.kind is Kind.SET else UNKNOWN_ESCAPES
        for item in ITEM.findall(token.text):
            if message := unknown.get(item if item[1:].isdigit() else item[:2]):  # \12 is octal, and no \1
                return message
        if token.text == "(" and pattern.startswith("(?", token.at):
            for group, message in UNKNOWN_GROUPS.items():
                if re.match(group, pattern[token.at + 2 :]):
                    return message
    for part, message in PROBLEMS_OF_RE2.items():
        if re.search(part, problem):
            return message
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in problem)  # it quotes a part of it


def misunderstanding(pattern: str) -> str:
    """What RE2 takes, and what cannot be meant; empty if there is nothing."""
    names: set[str] = set()
    has_bracket = False
    for token in tokens(pattern):
        if token.kind is Kind.SET:
            if message := _in_set(token.text):
                return message
            has_bracket = has_bracket or "[" in ITEM.findall(token.text)[1:]
        elif message := _outside_sets(token, names, has_bracket=has_bracket):
            return message
        names.add(token.name)
    return ""


def _outside_sets(token: Token, names: set[str], *, has_bracket: bool) -> str:
    if token.name and token.name in names:
        return f"the group {token.name} appears twice: put one group round the alternatives, (?P<{token.name}>a|b)"
    if "U" in token.flags:
        return LAZY
    if token.text == "]" and has_bracket:
        return NESTED
    return BRACE if token.text == "{" else MISUNDERSTOOD_ESCAPES.get(token.text, "")


def _in_set(text: str) -> str:
    for item in ITEM.findall(text):
        if (named := NAMED_SET.fullmatch(item)) and named[1] in ASCII_ALONE:
            return f"[:{named[1]}:] knows ASCII alone: write {ASCII_ALONE[named[1]]}"
    if NAMED_SET.fullmatch(text):
        return "a named set stands within another, as in [[:xdigit:]]: alone, it is the characters themselves"
    if operator := OPERATOR.search(ITEM.sub(lambda item: item[0] if len(item[0]) == 1 else "_", text[1:-1])):
        return f"sets are not combined by {operator[0]}: write the characters out, each sign once"
    return ""
