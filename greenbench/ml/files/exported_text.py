"""Whether a torch.export archive (.pt2) holds anything but a plain graph; reads its JSON, loads nothing.

torch.export.load is not harmless by itself: it looks operators up by dotted name from the module torch (torch.os.system is one),
hands size expressions to sympy, which evaluates them as Python, compiles guards, and unpickles some tensors without restraint.
A file is plain if none of that finds anything but operators, arithmetic on sizes, and tensors; all else is asked about first.
"""

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from greenbench.core.errors import FileFormatError
from greenbench.ml.files import pickles
from greenbench.ml.files.archives import safe_members

_TEXT_LIMIT_BYTES = 1 << 30
_NAMESPACES = "aten|prims|quantized|quantized_decomposed|torchvision|torchao|_caffe2"
_OPERATOR = re.compile(rf"torch\.ops\.(?:{_NAMESPACES})\.(?!_?_\w*__|from_file\b)[A-Za-z_]\w*\.(?!__)\w+")
_HIGHER = re.compile(
    r"torch\.ops\.higher_order\.(cond|while_loop|scan|associative_scan|map_impl|wrap_with_set_grad_enabled|wrap_with_autocast)"
)
_ARITHMETIC = re.compile(
    r"_operator\.(add|sub|mul|floordiv|truediv|mod|pow|neg|pos|eq|ne|lt|le|gt|ge|and_|or_|not_|getitem|lshift|rshift|abs)|"
    r"math\.(ceil|floor|trunc|sqrt|log2?)|torch\.(sym_\w+|_sym_sqrt)"
)
# Words that sympy's printer and torch's own functions of sizes use; none of them calls anything else.
_SIZE_WORDS = re.compile(
    r"Symbol|Integer|Float|Rational|Add|Mul|Pow|Max|Min|Mod|Abs|Eq|Ne|Lt|Le|Gt|Ge|And|Or|Not|Piecewise|floor|ceiling|"
    r"(Python)?Mod|(Float)?(Int)?(True|Clean|Floor|Ceil)Div|FloorDiv|CeilDiv|CleanDiv|ModularIndexing|Where|ToFloat|TruncToInt|"
    r"FloorToInt|CeilToInt|RoundToInt|FloatPow|PowByNatural|Identity|"
    r"positive|nonnegative|negative|integer|real|nonzero|finite|True|False|int_oo|oo|[suz][0-9]+|\'[suz][0-9]+\'|[0-9.e]+"
)
_SIZE_TEXT = re.compile(r"('?\w[\w.]*'?|[-+*/%(),=<>!&|~ ])+")
_GUARD_WORDS = re.compile(
    r"L|\'\w+\'|size|stride|storage_offset|dtype|device|torch|sym_(?:max|min|not|ite|float|int|sqrt|sum)|_sym_sqrt|float[0-9]+|int[0-9]+|and|or|not|int|math|[0-9.e]+|True|False|None|is"
)
_NAME = re.compile(r"[\w.+\-/:@<> *\[\],|=]*")
_IDENTIFIER = re.compile(r"(?!__)[\w.]*")
_CONTEXT = re.compile(r'[\w\[\]", .\-]*')
_TREE_TYPES = frozenset({None, "builtins.tuple", "builtins.list", "builtins.dict", "collections.OrderedDict"})


def foreign(path: Path, name: str = "") -> str:
    """What in an exported program is more than a plain graph, in words; "" if nothing is. `name` is what to call it, where `path` is
    a copy.

    Raises:
        FileFormatError: the archive or its JSON cannot be read.
    """
    safe_members(path, 500 * 10**9)
    try:
        with zipfile.ZipFile(path) as file:
            return next(_findings(file), "")
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, RecursionError, ValueError, KeyError) as error:
        raise FileFormatError(f"{name or path.name} cannot be read as an exported program: {error}.", "Export it again.") from None


def _findings(file: zipfile.ZipFile) -> Iterator[str]:
    for name in file.namelist():
        inner = name.partition("/")[2]
        if "custom_obj" in name or "opaque_obj" in name:
            yield f"the object {name.rpartition('/')[2]}"
        elif name.endswith((".pt", ".pkl")):
            yield from _pickled(file, name)
        elif inner.startswith("models/") or name == "serialized_exported_program.json":
            yield from _walk(_parsed(file, name), "")
        elif name.endswith("_config.json"):
            yield from _config(_parsed(file, name))


def _parsed(file: zipfile.ZipFile, name: str) -> Any:
    if file.getinfo(name).file_size > _TEXT_LIMIT_BYTES:
        raise ValueError(f"{name} is too large")
    return json.loads(file.read(name))


def _pickled(file: zipfile.ZipFile, name: str) -> Iterator[str]:
    """The names in a checkpoint inside the archive (legacy weights, sample inputs): itself a zip, or a bare pickle."""
    if not file.getinfo(name).file_size:
        return
    with file.open(name) as stream:
        head = stream.read(4)
    if head == b"PK\x03\x04":
        with file.open(name) as stream, zipfile.ZipFile(stream) as inside:
            for entry in inside.namelist():
                if entry.endswith(".pkl"):
                    with inside.open(entry) as pickled:
                        yield from (found for found in pickles.globals_named(pickled) if not pickles.allowed(found))
        return
    with file.open(name) as stream:
        yield from (found for found in pickles.globals_named(stream) if not pickles.allowed(found))


def _config(parsed: Any) -> Iterator[str]:
    """Of the tables that say where each tensor lies: none may ask for the unrestrained unpickler."""
    for name, entry in dict(parsed.get("config") or {}).items():
        if entry.get("use_pickle"):
            yield f"the pickled tensor {name}"


def _walk(value: Any, key: str) -> Iterator[str]:
    """Every text in the JSON of a program, judged by the key it stands under."""
    if isinstance(value, dict):
        for inner, item in value.items():
            if inner == "metadata":
                continue  # where each node came from; it is kept as comments and never run
            if not _NAME.fullmatch(inner):
                yield f'the name "{inner[:60]}"'
            yield from _walk(item, inner)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, key)
    elif isinstance(value, str) and not _plain(value, key):
        yield f'the {_NOUNS.get(key, "text")} "{value[:60]}"'


_NOUNS = {"target": "operator", "as_operator": "operator", "expr_str": "size", "guards_code": "condition"}


def _plain(text: str, key: str) -> bool:
    match key:
        case "target" | "as_operator":
            return any(form.fullmatch(text) for form in (_OPERATOR, _HIGHER, _ARITHMETIC))
        case "expr_str":
            return _words_only(text, _SIZE_TEXT, _SIZE_WORDS)
        case "guards_code":
            return _words_only(text.replace("[", " ").replace("]", " ").replace(".", " "), _SIZE_TEXT, _GUARD_WORDS)
        case "in_spec" | "out_spec":
            return _tree(json.loads(text))
        case "as_string" | "as_strings":
            return True  # an argument of an operator, quoted wherever it is written
        case "class_fqn":
            return False
        case "name" | "as_name":
            return bool(_IDENTIFIER.fullmatch(text))
        case _:
            return bool(_NAME.fullmatch(text))


def _words_only(text: str, form: re.Pattern[str], words: re.Pattern[str]) -> bool:
    return bool(form.fullmatch(text)) and all(words.fullmatch(word) for word in re.findall(r"'[^']*'|\w[\w.]*", text))


def _tree(spec: Any) -> bool:
    """Whether a description of nested arguments holds nothing but tuples, lists and dictionaries with plain keys."""
    if isinstance(spec, list):
        return all(_tree(each) for each in spec if isinstance(each, dict | list))
    context = spec.get("context")
    plain_context = context is None or (isinstance(context, str) and "__enum__" not in context and bool(_CONTEXT.fullmatch(context)))
    return spec.get("type") in _TREE_TYPES and plain_context and _tree(spec.get("children_spec", []))
