"""A network from a user's own Python code: loaded only as the very bytes that were allowed, and kept from harming the process around it.

What it prints is caught, what it raises is told with its line, and an exit it asks for is not granted. A factory that never returns is
ended with its process when the user presses Stop.
"""

import contextlib
import importlib
import importlib.util
import io
import sys
import traceback
from collections.abc import Iterator, Mapping
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

import torch
from torch import nn

from greenbench.core.artifact import Architecture
from greenbench.core.errors import ModelError, TrustError
from greenbench.ml.python_source import FactorySource, locate

NAME = "python"
_KEPT_CHARACTERS = 1000  # a factory is called several times in a run


def python_architecture(factory: str, arguments: Mapping[str, Any], trusted: frozenset[str]) -> Architecture:
    """The architecture of a factory whose file the user has allowed: where it is, the hash of its bytes, and its arguments.

    Raises:
        TrustError: the file's hash is not among the allowed ones.
        ModelError: there is no such file or module.
    """
    source = locate(factory)
    _, sha256 = source.read()
    if sha256 not in trusted:
        raise TrustError(f"{source.path} is a Python file that you have not allowed to run.", "Allow it in the window, or with --trust.")
    place = source.module or str(source.path)
    return Architecture(name=NAME, arguments={"factory": f"{place}:{source.function}", "sha256": sha256, "arguments": dict(arguments)})


def build_python(arguments: Mapping[str, Any]) -> nn.Module:
    """The network that the factory of a `python_architecture` makes.

    Raises:
        ModelError: the file has changed since, the factory fails, or what it gives is no network.
    """
    source = locate(str(arguments["factory"]))
    content, sha256 = source.read()
    if sha256 != arguments["sha256"]:
        raise ModelError(f"{source.path} has changed since this model was made.", "Run the pipeline again, so that the model is made anew.")
    with _contained(source):
        module = _load(source, content)
        made = _function(module, source)(**dict(arguments.get("arguments") or {}))
    if isinstance(made, type) and issubclass(made, nn.Module):
        raise ModelError(f"{_name(source)} gives a class, not a network.", "Call it in the factory.")
    if not isinstance(made, nn.Module):
        raise ModelError(f"{_name(source)} gives a {type(made).__name__}, not a torch.nn.Module.", "Return the network from the factory.")
    _check_filled(made, source)
    return made


def _check_filled(made: nn.Module, source: FactorySource) -> None:
    """Demands that the network has numbers, unless whoever called wanted none."""
    if torch.get_default_device().type == "meta":
        return
    empty = next((name for name, tensor in made.state_dict().items() if isinstance(tensor, torch.Tensor) and tensor.is_meta), None)
    if empty is not None:
        raise ModelError(
            f'{_name(source)} gives a network without numbers: "{empty}" is on the device "meta".',
            "Build it on the processor, for instance with made.to_empty(device='cpu') and its weights loaded.",
        )


class _AllowedBytes(SourceFileLoader):
    """Runs the bytes that were looked at, not what may lie at the path a moment later, and no compiled copy of an earlier file."""

    def __init__(self, name: str, path: str, content: bytes) -> None:
        super().__init__(name, path)
        self._content = content

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._content, self.path, "exec", dont_inherit=True)


def _load(source: FactorySource, content: bytes) -> ModuleType:
    parent = source.module.rpartition(".")[0]
    if parent:
        importlib.import_module(parent)
    loaded = sys.modules.get(source.module)
    if loaded is not None and getattr(loaded, "__file__", None) == str(source.path):
        return loaded  # its package, or we ourselves, use it already; a second copy would register itself twice
    if source.module and source.path.suffix != ".py":  # a compiled module
        return importlib.import_module(source.module)
    name = source.module or f"greenbench_factory_{source.path.stem}"
    loader = _AllowedBytes(name, str(source.path), content)
    is_package = [str(source.path.parent)] if source.path.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(name, source.path, loader=loader, submodule_search_locations=is_package)
    if spec is None:
        raise ModelError(f"{source.path} cannot be loaded as a module.", "Give a .py file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and the like look their module up there
    # Beside a plain file may lie others that it imports.
    beside = contextlib.nullcontext() if source.module else _importable(str(source.path.parent))
    with beside:
        loader.exec_module(module)
    return module


@contextlib.contextmanager
def _importable(folder: str) -> Iterator[None]:
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(folder)


def _function(module: ModuleType, source: FactorySource) -> Any:
    found: Any = module
    for part in source.function.split("."):
        found = getattr(found, part, None)
    if found is None or not callable(found):
        known = sorted(
            name for name, value in vars(module).items() if callable(value) and getattr(value, "__module__", "") == module.__name__
        )
        remedy = f"It has: {', '.join(known[:8])}." if known else "It defines no function."
        raise ModelError(f'There is no function "{source.function}" in {source.path}.', remedy)
    return found


@contextlib.contextmanager
def _contained(source: FactorySource) -> Iterator[None]:
    """Around foreign code: its output is kept short and goes to the log, its failures become one sentence."""
    said = _Short(_KEPT_CHARACTERS)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            yield
    except ModelError:
        raise
    except SystemExit as leave:
        raise ModelError(
            f"{_name(source)} asked the whole program to exit ({leave.code!r}).", "Take the exit out of the factory."
        ) from None
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # foreign code may raise anything, also what is no Exception
        if torch.get_default_device().type == "meta" and isinstance(error, RuntimeError):
            raise  # it computes with real numbers; the caller then builds it with memory
        print(traceback.format_exc(limit=-12), file=sys.stderr)  # noqa: T201 - stderr is the run's log
        raise ModelError(
            f"{_name(source)} failed at {_where(error, source)}: {_words(error)}", "Mend the factory, or its arguments."
        ) from None
    finally:
        if said.text():
            print(f"{_name(source)} said: {said.text()}", file=sys.stderr)  # noqa: T201


def _name(source: FactorySource) -> str:
    return f"{source.module or source.path.name}:{source.function}"


def _where(error: BaseException, source: FactorySource) -> str:
    """The last line of the factory's own file that the error went through; without one, the last line at all."""
    if isinstance(error, SyntaxError) and error.lineno is not None:
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == str(source.path)]
    last = (own or frames)[-1]
    return f"{last.filename}:{last.lineno}" if own else f"its call ({source.path})"


def _words(error: BaseException) -> str:
    text = traceback.format_exception_only(error)[-1].strip()
    return text[:400].rstrip(".") + "."


class _Short(io.TextIOBase):
    """A stream that keeps the beginning of what is written and counts the rest."""

    def __init__(self, limit: int) -> None:
        self._limit, self._kept, self._left_out = limit, io.StringIO(), 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        room = self._limit - self._kept.tell()
        if room > 0:
            self._kept.write(text[:room])
        self._left_out += max(0, len(text) - max(room, 0))
        return len(text)

    def text(self) -> str:
        more = f" … ({self._left_out:,} more characters left out)" if self._left_out else ""
        return self._kept.getvalue().strip() + more
