"""What a reader must know of the wall meters that had no part in a run's total, or gave nothing at all."""

from collections.abc import Sequence

from greenbench.core.measurement import Provenance, SourceReport, SourceState
from greenbench.core.run import Remark
from greenbench.meters.fitness import NOT_COUNTED


def aside_remarks(sources: Sequence[SourceReport]) -> list[Remark]:
    """One remark for each such meter, with the reason and with what the total is made of instead; `sources` as the ledger tells them."""
    remarks = []
    for source in sources:
        if not source.key.startswith("external:"):
            continue
        if source.state is SourceState.IN_USE and source.reason.startswith(NOT_COUNTED):
            why = source.reason.removeprefix(NOT_COUNTED).strip()
            text = f"{source.title} stood aside: the joules of this run are those of {_total(sources)}. {why}"
            text += " Between runs its watts are shown as the total."
            remarks.append(Remark(kind="limit", text=text, code="wall"))
        elif source.state is not SourceState.IN_USE:
            why = source.reason.rstrip(".")
            text = f"{source.title} gave no reading in this run{f' ({why})' if why else ''}: its joules are those of {_total(sources)}."
            remarks.append(Remark(kind="limit", text=text, code="wall"))
    return remarks


def _total(sources: Sequence[SourceReport]) -> str:
    """The titles of what was added up."""
    read = [(source, channel) for source in sources if source.state is SourceState.IN_USE for channel in source.channels if channel.counted]
    measured = [channel.title for _, channel in read if channel.provenance.measured]
    if measured:
        return " and ".join((", ".join(measured[:-1]), measured[-1])) if len(measured) > 1 else measured[0]
    modelled = any(channel.provenance is Provenance.MODELLED for _, channel in read)
    return "the model from processor load, a guess" if modelled else "no source at all"
