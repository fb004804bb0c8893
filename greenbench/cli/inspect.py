"""`greenbench inspect FILE`: what a model file is, by its content."""

from pathlib import Path

from rich.table import Table

from greenbench.cli.output import make_console, print_json
from greenbench.core import places
from greenbench.core.errors import ModelError
from greenbench.core.jobs import Found, InspectFile, TensorFound
from greenbench.engine.jobs import run_job
from greenbench.engine.trust import TrustBook

_SHOWN = 8


def inspect_file(file: Path, trust: bool, as_json: bool) -> int:
    """Prints what was found. With `trust`, a file that can only be read by running its code is allowed to.

    Raises:
        ModelError: there is no such file, or it cannot be read.
    """
    if not file.is_file():
        raise ModelError(f'There is no file "{file}".', "Check the path.")
    book = TrustBook(places.home())
    path = str(file.resolve())
    found: Found = run_job(InspectFile(path=path, trusted=tuple(book.allowed())))
    if trust and found.trust is not None:
        book.remember([found.trust])
        found = run_job(InspectFile(path=path, trusted=tuple(book.allowed())))
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _show(found)
    return 0


def _show(found: Found) -> None:
    console = make_console()

    def line(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    line(found.sentence)
    for title, tensors in (("takes", found.inputs), ("gives", found.outputs)):
        for tensor in tensors[:_SHOWN]:
            line(f"  {title} {_tensor(tensor)}")
    for note in found.notes:
        line(f"  {note}")
    if found.candidates:
        table = Table("Architecture", "Fits", "Missing", "Unexpected", "Other shape", box=None, header_style="bold")
        for candidate in found.candidates[:_SHOWN]:
            counts = (len(candidate.missing), len(candidate.unexpected), len(candidate.reshaped))
            table.add_row(candidate.architecture, f"{candidate.matched} of {candidate.total}", *(str(count) for count in counts))
        console.print(table)
    if found.trust is not None:
        line(f"{found.trust.explanation} Look deeper with --trust, if you trust where it comes from.")


def _tensor(tensor: TensorFound) -> str:
    shape = "×".join(str(side) for side in tensor.shape) or "one number"
    return f"{tensor.name}: {shape}, {tensor.dtype}"
