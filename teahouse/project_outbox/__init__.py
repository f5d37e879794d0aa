"""The outbox of a project whose tables are in another database than Teahouse's: an app of its own, so that a router
that goes by apps leaves its tables with those of the project.

    INSTALLED_APPS += ["teahouse.project_outbox"]

What it is for, and how: docs/embedding.md, docs/design/outbox.md. `teahouse/elsewhere.py` writes and reads it.
"""
