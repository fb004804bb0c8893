"""The commands of the command line, as typer reads them; the work is in the modules beside this one."""

import errno
import os
import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from greenbench.cli.sensors_commands import sensors_app
from greenbench.core.errors import GreenBenchError, PlanError
from greenbench.core.run import PROTOCOLS

BAD_INPUT, CANCELLED = 2, 130
CLOSED = 141  # what a shell sees of any program whose reader went away: 128 + SIGPIPE
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Compress a deep-learning model, run the variants, and see honestly what it did to power, latency and accuracy. "
    "Without a command, the window opens.",
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A .greenbench pipeline.")]


def main(arguments: list[str]) -> int:
    """Runs a command; what a user can mend is printed as one sentence, with exit code 2. A reader that went away is no failure."""
    try:
        result = app(arguments, standalone_mode=False)
        sys.stdout.flush()
    except PlanError as error:
        for problem in error.problems:
            print(f"Error: {problem}", file=sys.stderr)  # noqa: T201 - the terminal is this door's voice
        return BAD_INPUT
    except GreenBenchError as error:
        print(f"Error: {error}", file=sys.stderr)  # noqa: T201
        return BAD_INPUT
    except typer.Exit as leave:
        return int(leave.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        print("Stopped.", file=sys.stderr)  # noqa: T201
        return CANCELLED
    except BrokenPipeError:
        return _read_enough()
    except SystemExit as leave:
        if isinstance(leave.__context__, BrokenPipeError):  # rich and click make an exit of it, with code 1
            return _read_enough()
        raise
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _drop_output()
        print(f"Error: The output could not be written whole: {error.strerror}. Make room, or write it elsewhere.", file=sys.stderr)  # noqa: T201
        return BAD_INPUT
    except Exception as error:
        message = getattr(error, "format_message", None)  # click's own: a wrong option, a missing argument
        if message is None:
            raise
        print(f"Error: {message().rstrip('.')}. See greenbench --help.", file=sys.stderr)  # noqa: T201
        return BAD_INPUT
    return int(result or 0)


def _read_enough() -> int:
    """Whoever read the output has seen enough (`| head`): the rest is dropped without a word."""
    _drop_output()
    return CLOSED


def _drop_output() -> None:
    """What is left to be written goes nowhere; Python would complain of it when it closes the stream."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _version(wanted: bool) -> None:
    if wanted:
        from greenbench import __version__

        typer.echo(f"greenbench {__version__}")
        raise typer.Exit()


@app.callback()
def root(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False) -> None:
    """Compress, measure, compare."""


@app.command()
def run(
    file: FileArgument,
    set: Annotated[Optional[list[str]], typer.Option("--set", metavar="NODE.PARAM=VALUE", help="Change a parameter for this run.")] = None,  # noqa: UP045 - typer reads it
    budget: Annotated[str, typer.Option(metavar="NAME", help="Run a sample smaller than it is drawn: small; full is as drawn.")] = "full",
    device: Annotated[str, typer.Option(help="cpu, cuda:N or cuda:UUID, mps, xpu:N; see greenbench list devices.")] = "cpu",
    protocol: Annotated[str, typer.Option(help="quick or lab.")] = "quick",
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of splits, weights and training.")] = 0,
    threads: Annotated[int, typer.Option(min=0, help="Threads of training and measuring; 0: all physical cores.")] = 0,
    affinity: Annotated[str, typer.Option(metavar="CORES", help="Logical cores that measuring keeps to, as 0-3,6; all without it.")] = "",
    trust: Annotated[bool, typer.Option("--trust", help="Allow the files of this pipeline that run code when they are loaded.")] = False,
    out: Annotated[Optional[Path], typer.Option("--out", metavar="DIR", help="Write results, models, log and pipeline here.")] = None,  # noqa: UP045
    report: Annotated[Optional[Path], typer.Option(metavar="FILE.pdf", help="Write a report here.")] = None,  # noqa: UP045
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Compute every node again.")] = False,
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress and no table.")] = False,
    replay: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="Play back a recording of a meter in place of this machine's sensors; marked as such."),
    ] = None,
) -> int:
    """Run a pipeline and print the comparison."""
    from greenbench.cli.run import RunOptions, run_pipeline

    if protocol not in PROTOCOLS:
        raise GreenBenchError(f'There is no protocol "{protocol}".', "Choose quick or lab.")
    options = RunOptions(
        file=file, settings=tuple(set or ()), budget=budget, device=device, protocol=PROTOCOLS[protocol], seed=seed, threads=threads,
        affinity=affinity, trust=trust, out=out, report=report, use_cache=not no_cache, as_json=as_json, quiet=quiet,
        replay=replay,
    )  # fmt: skip
    return run_pipeline(options)


@app.command()
def check(
    file: FileArgument,
    sources: Annotated[bool, typer.Option("--sources", help="Also read its models and data, and see whether they go together.")] = False,
    trust: Annotated[bool, typer.Option("--trust", help="Allow the files of this pipeline that run code when they are loaded.")] = False,
) -> int:
    """Validate a pipeline and explain what it would do; run nothing."""
    from greenbench.cli.check import check_pipeline

    return check_pipeline(file, sources, trust)


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A model file of any kind.")],
    trust: Annotated[bool, typer.Option("--trust", help="Allow it to run code, if it can only be read that way.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Say what a model file is, by its content: format, inputs, outputs, parameters, fitting architectures."""
    from greenbench.cli.inspect import inspect_file

    return inspect_file(file, trust, as_json)


@app.command("list")
def list_things(
    what: Annotated[str, typer.Argument(metavar="steps|models|datasets|devices|runs|regions")],
    search: Annotated[str, typer.Option("--search", metavar="WORDS", help="Of the models or steps: only those with all these words.")] = "",
    as_json: JsonOption = False,
) -> int:
    """List what there is: steps, models, data sets, devices, past runs, and the grids whose carbon is known."""
    from greenbench.cli.listing import listing

    return listing(what, as_json, search)


app.add_typer(sensors_app, name="sensors")


@app.command()
def calibrate(
    meter: Annotated[str, typer.Option("--with", metavar="KEY", help="The wall meter's channel, or a part of its name.")] = "",
    seconds: Annotated[
        float, typer.Option("--seconds-per-level", min=2, max=3600, help="Each load is held so long: 10 a look, 60 thorough.")
    ] = 10,
    show: Annotated[bool, typer.Option("--show", help="Print what is kept, and measure nothing.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Remove what is kept of this machine.")] = False,
    as_json: JsonOption = False,
    replay: Annotated[Optional[Path], typer.Option("--replay", metavar="FILE", hidden=True)] = None,  # noqa: UP045
) -> int:
    """Pair a wall meter with the counters over a sweep of loads, so that runs can be estimated at the wall."""
    from greenbench.cli import calibrate as door

    if show or forget:
        return door.show(as_json) if show else door.forget()
    return door.calibrate(door.CalibrateOptions(meter, seconds, as_json, replay))


@app.command()
def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or its beginning; see greenbench list runs.")],
    output: Annotated[Path, typer.Option("--output", metavar="FILE.(pdf|html|csv|json)")],
) -> int:
    """Write the report of a past run; raw data that is not what its digest stands for is told of."""
    from greenbench.cli.report import write_report

    return write_report(run, output)


@app.command()
def join(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or its beginning; see greenbench list runs.")],
    log: Annotated[Path, typer.Option("--log", metavar="FILE.csv", help="What a wall or lab meter logged meanwhile.")],
    offset: Annotated[Optional[float], typer.Option(metavar="S", help="Added to the log's times; found without it.")] = None,  # noqa: UP045
    within: Annotated[float, typer.Option(metavar="S", min=0.1, help="How far the log's clock may be off.")] = 120.0,
    time: Annotated[str, typer.Option(metavar="COLUMN", help="Its column of times.")] = "",
    power: Annotated[str, typer.Option(metavar="COLUMN", help="Its column of power or energy.")] = "",
    unit: Annotated[str, typer.Option(metavar="W|mW|kW|J|Wh|kWh", help="The unit of that column.")] = "",
    error: Annotated[float, typer.Option(metavar="PERCENT", min=0, max=50, help="The meter's own error, from its data sheet.")] = 0.0,
    title: Annotated[str, typer.Option(metavar="T", help="What the meter is called in tables.")] = "",
    as_json: JsonOption = False,
) -> int:
    """Join the log of an outside meter with a finished run: its joules for every window, kept with the run."""
    from greenbench.cli.join import join_run
    from greenbench.engine.joining import JoinOptions
    from greenbench.meters.power_log import Columns

    options = JoinOptions(Columns(time, power, unit), offset, within, title, error / 100)
    return join_run(run, log, options, as_json)


@app.command()
def compare(runs: Annotated[list[str], typer.Argument(metavar="RUN RUN …")], as_json: JsonOption = False) -> int:
    """Put the variants of several runs side by side."""
    from greenbench.cli.compare import compare_runs

    return compare_runs(runs, as_json)


RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or its beginning; see greenbench list runs.")]


@app.command()
def export(
    run: RunArgument,
    variant: Annotated[str, typer.Option(metavar="V", help="The variant's letter or name.")],
    format: Annotated[str, typer.Option(metavar="onnx|pt2|torchscript|safetensors|openvino|packed")],
    output: Annotated[Optional[Path], typer.Option(metavar="DIR", help="Where to; without it, a folder named after the variant.")] = None,  # noqa: UP045
    force: Annotated[bool, typer.Option("--force", help="Replace files of that name, once the new ones are proved.")] = False,
) -> int:
    """Write a variant's model as a file, prove in a fresh process that it answers the same, and write its model card."""
    from greenbench.cli.export import export_model

    return export_model(run, variant, format, output, force)


@app.command()
def audit(
    run: RunArgument,
    variant: Annotated[str, typer.Option(metavar="V", help="Only this variant: its letter or name.")] = "",
    metric: Annotated[str, typer.Option(metavar="M", help="Only this metric: its key, as energy_per_inference, or its title.")] = "",
    out: Annotated[Optional[Path], typer.Option("--out", metavar="DIR", help="Write the raw samples, windows and calls here.")] = None,  # noqa: UP045
    as_json: JsonOption = False,
) -> int:
    """Make every printed number again from the raw samples; exit code 1 if one does not agree."""
    from greenbench.cli.audit import audit_run

    return audit_run(run, variant, metric, out, as_json)


@app.command()
def doctor(
    run: RunArgument,
    variant: Annotated[str, typer.Option(metavar="V", help="Only this variant, by letter or name.")] = "",
    as_json: JsonOption = False,
) -> int:
    """Say why variants of a past run are not faster, not smaller or not greener, and what to try."""
    from greenbench.cli.advice import doctor as explain

    return explain(run, variant, as_json)


@app.command()
def ledger(
    run: RunArgument,
    variant: Annotated[str, typer.Option(metavar="V", help="The variant's letter or name; without it, the recommended one.")] = "",
    per_day: Annotated[Optional[float], typer.Option(metavar="N", help="Inferences a day; without it, the Benchmark step's.")] = None,  # noqa: UP045
    region: Annotated[
        str, typer.Option(metavar="DEU", help="Grid to assume: its name, ISO code of three letters, or WORLD; see greenbench list regions.")
    ] = "",
    pue: Annotated[Optional[float], typer.Option(help="PUE to assume, 1.0 or more.")] = None,  # noqa: UP045
    as_json: JsonOption = False,
) -> int:
    """Say where a run's joules went, when a variant has paid for its making, and its carbon; nothing is run again."""
    from greenbench.cli.ledger import WhatIf, show_ledger

    return show_ledger(WhatIf(run, variant, per_day, region, pue, as_json))


@app.command()
def look(
    run: RunArgument,
    variant: Annotated[str, typer.Option(metavar="V", help="The variant's letter or name.")],
    against: Annotated[str, typer.Option(metavar="W", help="The reference: what changed from it to V, and where answers differ.")] = "",
    as_json: JsonOption = False,
) -> int:
    """Look inside a variant's model: its layers, shapes, parameters, times."""
    from greenbench.cli.look import look_inside

    return look_inside(run, variant, against, as_json)
