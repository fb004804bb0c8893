"""Takes the raw data of a run away: tables that any program reads, what the numbers were made under, and a page that explains both."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from greenbench.core.audit import Audit
from greenbench.core.errors import ReportError
from greenbench.core.run import RunResult
from greenbench.core.whole_file import replace_file
from greenbench.engine.raw_data import RAW_FILES, raw_bytes
from greenbench.report.writers import write_json
from greenbench.store.store import Store

SUMS = "SHA256SUMS"


def write_raw(store: Store, found: Audit, folder: Path) -> list[Path]:
    """Writes the raw data of an audited run into a folder, which is made; files of the same names are replaced. Returns them.

    Raises:
        StoreError: the store cannot be read.
        ReportError: the folder or a file cannot be written.
    """
    folder = Path(folder)
    result = store.result(found.run_id)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in RAW_FILES:
            _write_in_pieces(folder / name, raw_bytes(store, found.run_id, name, result.started_ns))
        for name, text in _documents(result, found).items():
            replace_file(folder / name, text.encode())
        write_json(result, folder / "results.json")
        names = [*RAW_FILES, "sources.json", "environment.json", "plan.json", "results.json", "audit.json", "README.txt"]
        sums = "".join(f"{_sum(folder / name)}  {name}\n" for name in names)
        replace_file(folder / SUMS, sums.encode())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ReportError(f"The raw data cannot be written to {folder}: {reason}.", "Choose another folder, or make room.") from None
    return [folder / name for name in (*names, SUMS)]


def _write_in_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """A file that need not fit in memory, whole or not at all."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            file.writelines(pieces)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _documents(result: RunResult, found: Audit) -> dict[str, str]:
    sources = ",\n".join(source.model_dump_json(indent=2) for source in result.sources)
    return {
        "sources.json": f"[{sources}]\n",
        "environment.json": result.environment.model_dump_json(indent=2) + "\n",
        "plan.json": result.plan.model_dump_json(indent=2) + "\n",
        "audit.json": found.model_dump_json(indent=2) + "\n",
        "README.txt": _readme(result, found),
    }


def _readme(result: RunResult, found: Audit) -> str:
    verdict = {
        True: "The raw data is what the printed digest stands for.",
        False: "ATTENTION: the raw data is NOT what the printed digest stands for.",
        None: "The run was kept without a digest.",
    }[found.digest_agrees]
    return _README.format(
        title=result.title,
        run=result.run_id,
        started=result.started,
        version=result.environment.greenbench or "of an unknown version",
        digest=found.digest_found,
        files=" ".join(RAW_FILES),
        verdict=verdict,
    )


_README = """\
Raw data of "{title}"
Run {run}, started {started}, GreenBench {version}

All numbers in a report of this run are made of the four files

    {files}

Their digest, which is printed in the report, is

    {digest}

{verdict} To see it yourself:

    cat {files} | sha256sum
    sha256sum -c SHA256SUMS

Times are seconds since the start of the run, on a clock that is never set: t = 0 is the moment that is printed as "started" above, read
from both clocks one after the other and written to the millisecond. What is shown as "started" can thus be
off against t by the millisecond that it was rounded to. Power is in W, energy in J. An empty cell is "no reading",
never 0.

samples.csv     what the meters read: one row for each reading, the last ones before the start included (below 0 s): the first window is
                interpolated from them
    channel     the key of the channel; sources.json says what it covers, its provenance and its gain error
    t_s         when it was read
    power_w     watts; of a counter the mean since its last change
    energy_j    joules of a counter, cumulative, its wraps undone; empty for a power sensor
    reason      why there was no reading

windows.csv     what happened when: one row for each labelled span
    kind        idle, step, warm-up, block (timed calls) or accuracy
    label, node, variant, block    what it belongs to; `variant` is the letter in that benchmark, `block` counts rounds from 0
    t0_s, t1_s  its ends
    calls, batch    timed calls in a block, and examples in each
    more        further facts as JSON

latencies.csv   every timed call, in order
    node, variant, block    the window it belongs to
    latency_ns  its duration in nanoseconds

variants.jsonl  what the process of each variant said, one JSON object a line: what executed, sizes, and every answer ("correct": 1 right,
                0 wrong, in the order of the test examples; or "scores", one for each)

sources.json, environment.json, plan.json    power sources, machine, and the experiment with all its settings
results.json    the numbers of the report at full precision
audit.json      each of these numbers made again from the files above, and the samples behind each block

How a number is made
    energy of a block   Of each channel that counts, E(t1) - E(t0). Between two readings a counter's energy is a straight line; a power
                        sensor's is the area under straight lines between its readings. A block that touches a hole has no energy.
    joules/inference    energy of a block / (calls x batch); the mean over blocks. Its 95 % interval joins Student's t over the blocks
                        with the meter's own error (refresh at both ends, gain).
    net of idle         the same after taking off mean idle power x length of the block; idle power is that of the idle windows. What
                        refresh leaves open of both is in its interval whole; of a load model, its error of the gross energy.
    median latency      the median of each block's calls; their geometric mean, with Student's t on the logarithms.
    throughput          examples of a block / the sum of the durations of its calls: what lies between calls is not in it, so it is more
                        than examples / (t1 - t0). The mean over blocks, with Student's t. In the server scenario, where queries wait
                        in a queue, queries / (t1 - t0).
    difference          the ratio to the baseline, block by block of the same round; Student's t on the logarithms of the ratios. Of
                        energies a meter's gain cancels; what its refresh leaves open at the ends of blocks does not, and is joined to
                        it as squares, not divided by the number of rounds.
    accuracy            right answers / answers, with Wilson's interval; differences by the exact McNemar test.
"""
