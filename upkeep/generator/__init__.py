"""Writes new operations: what `generate_command` does. Its templates are files of Python, which are read as text."""
