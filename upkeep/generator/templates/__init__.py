"""What `generate_command` writes, each piece in a file of its own: the app `domain` with an operation `verb_object`.

The model `Item` stands for the one that the operation works on, and `code`, `title` and `created_at` for its fields.
Nothing imports these modules: they are read as text.
"""
