"""The schema, as numbered SQL files: ``0001_initial.sql``, ``0002_...``.

A file that was released is never changed: what comes later goes into the next number. Each file is
applied whole or not at all, and the number of the last one is the database's ``user_version``.
"""

from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    sql: str

    @property
    def script(self) -> str:
        """The file as one transaction that also raises the database's version."""
        return f"BEGIN IMMEDIATE;\n{self.sql}\nPRAGMA user_version = {self.number};\nCOMMIT;"


def load_migrations() -> tuple[Migration, ...]:
    """All of them, in order. Reads files: call it in a thread."""
    files = [file for file in resources.files(__name__).iterdir() if file.name.endswith(".sql")]
    migrations = tuple(
        Migration(int(file.name.partition("_")[0]), file.read_text(encoding="utf-8"))
        for file in sorted(files, key=lambda file: file.name)
    )
    numbers = [migration.number for migration in migrations]
    if numbers != list(range(1, len(numbers) + 1)):
        raise RuntimeError(f"migrations are not numbered 1, 2, 3 ...: {numbers}")
    return migrations
