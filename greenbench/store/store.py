"""The store as others see it: open, write a run, read runs, close."""

from pathlib import Path
from types import TracebackType
from typing import Self

from greenbench.store.database import Database
from greenbench.store.history import History
from greenbench.store.recording import Recording


def damage_words(store: "Store") -> str:
    """What a user must hear of a store that had to be made anew; "" if it had not."""
    if store.moved_aside is None:
        return ""
    return f"The history was damaged. It was moved to {store.moved_aside}, and a new one was begun."


class Store(Recording, History):
    """The runs in one folder. Usable from several threads, and by several instances at once.

    `moved_aside` is where a damaged file was put when the store was opened and a fresh one had to be made; tell the user.
    """

    def __init__(self, folder: Path) -> None:
        """Opens `greenbench.sqlite` in `folder`, or makes it.

        Raises:
            StoreError: the folder cannot be used, or the file was written by a newer version.
        """
        database = Database(folder)
        Recording.__init__(self, database)
        History.__init__(self, database)
        self.path = database.path
        self.moved_aside = database.moved_aside

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
