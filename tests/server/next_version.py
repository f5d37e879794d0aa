"""The program as its next version might be: today's, with one migration more.

A folder to put before everything else on Python's path. All of it are links to the checkout, but for the migrations.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import teahouse

MIGRATION: Final = """
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("teahouse", "{last}")]
    operations = [
        migrations.AddField("message", "tried", models.IntegerField(null=True)),
        # SQLite cannot do that: Django makes the table anew, to which nearly all others refer.
        migrations.AlterField("room", "topic", models.CharField(max_length=600, blank=True)),
    ]
"""


def next_version(folder: Path) -> str:
    """Makes it in the folder: the name of its new migration. It runs with `PYTHONPATH` set to the folder."""
    package = Path(teahouse.__file__).parent
    made = folder / "teahouse"
    made.mkdir()
    for entry in package.iterdir():
        if entry.name not in ("migrations", "__pycache__"):
            (made / entry.name).symlink_to(entry)
    (made / "migrations").mkdir()
    migrations = sorted((package / "migrations").glob("*.py"))
    for entry in migrations:
        (made / "migrations" / entry.name).symlink_to(entry)
    last = max(entry.stem for entry in migrations if entry.stem[0].isdigit())
    name = f"{int(last[:4]) + 1:04}_tried"
    (made / "migrations" / f"{name}.py").write_text(MIGRATION.format(last=last), encoding="utf-8")
    return name
