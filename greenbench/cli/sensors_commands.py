"""`greenbench sensors …` as typer reads it; the work is in `greenbench.cli.sensors`."""

from pathlib import Path
from typing import Annotated, Optional

import typer

sensors_app = typer.Typer(
    add_completion=False,
    no_args_is_help=False,
    invoke_without_command=True,
    rich_markup_mode=None,
    help="Each power source: state, live value, refresh interval, resolution, remedy. Add, remove and test wall and lab meters.",
)

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="As greenbench sensors names it.")]


@sensors_app.callback()
def show(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False) -> int:
    """Each power source: state, live value, refresh interval, resolution, remedy."""
    if context.invoked_subcommand is not None:
        return 0
    from greenbench.cli.sensors import show_sensors

    return show_sensors(as_json)


@sensors_app.command()
def add(
    kind: Annotated[str, typer.Argument(metavar="shelly|tasmota|scpi")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="192.168.1.40, plug.local; a VISA resource for scpi.")],
    title: Annotated[str, typer.Option(metavar="T", help="What it is called in tables and reports.")] = "",
    user: Annotated[str, typer.Option(metavar="U", help="Where the plug asks for one; admin without it.")] = "",
    password_file: Annotated[Optional[Path], typer.Option(metavar="F", help="A file with the password in its first line.")] = None,  # noqa: UP045 - typer reads it
    set: Annotated[Optional[list[str]], typer.Option("--set", metavar="NAME=VALUE", help="Another option, as profile=generic.")] = None,  # noqa: UP045
) -> int:
    """Keep a wall or lab meter; it is read from now on."""
    from greenbench.cli.sensors import add_sensor

    words = {"user": user, "password_file": str(password_file.absolute()) if password_file else ""}
    return add_sensor(kind, address, title, {name: text for name, text in words.items() if text}, tuple(set or ()))


@sensors_app.command()
def remove(key: KeyArgument) -> int:
    """Forget a wall or lab meter; what runs have measured with it stays with them."""
    from greenbench.cli.sensors import remove_sensor

    return remove_sensor(key)


@sensors_app.command("test")
def read_one(
    key: KeyArgument,
    seconds: Annotated[float, typer.Option(min=0.5, max=3600, help="How long.")] = 10.0,
) -> int:
    """Read a source for some seconds: its values, how often they come, what is wrong."""
    from greenbench.cli.sensors import try_sensor

    return try_sensor(key, seconds)
