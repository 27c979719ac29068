"""Patterns that people write, in RE2's syntax, with the letters, digits and blanks of all scripts."""
