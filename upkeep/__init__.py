"""Maintenance operations of a Django project: declared once, then recorded, previewable, resumable, cancellable."""

__version__ = "0.1.0"
