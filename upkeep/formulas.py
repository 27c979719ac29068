"""Cells that a spreadsheet would take for formulas, and compute."""

import re

FORMULA = re.compile("'*[=+\\-@\uff1d\uff0b\uff0d\uff20]")
"""How such a cell begins, also after apostrophes that it has of its own; some spreadsheets know the wide signs, too."""


def guarded(text: str) -> str:
    """The text, which has no white space at its edges, with an apostrophe before what would be a formula."""
    return f"'{text}" if FORMULA.match(text) else text


def unguarded(cell: str) -> str:
    """The text of a guarded cell, and any other cell as it is: for all texts, `unguarded(guarded(text)) == text`."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell, 1) else cell
