"""Names in a report: keys, short labels that stay different from each other, and places where a long name may break.

Everything in a report refers to a variant by its letter, so that a name may be of any length.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from greenbench.core.run import RunResult
from greenbench.core.runtimes import RUNTIMES

LONGEST_LABEL = 26
LONGEST_IN_SENTENCE = 40
_BREAK_BEFORE = re.compile(r"(?=[_/:@])")
_WORD = re.compile(r"[^\s_/:@→,]+")


def variant_index(letter: str) -> int:
    """The place of a key: A is 0, Z 25, AA 26."""
    index = 0
    for character in letter:
        index = index * 26 + ord(character) - ord("A") + 1
    return index - 1


def pieces(name: str, longest: int = LONGEST_LABEL) -> list[str]:
    """The name cut where a line may break; joined they give the name.

    A piece with a space breaks there. A word longer than `longest` is cut before each `_ / : @`, and after `longest`
    characters (half as many wide ones); its pieces have no space.
    """
    cut: list[str] = []
    plain = ""
    for word in re.split(r"(\s+)", name):
        if len(word) <= longest and _width(word) <= longest:
            plain += word
            continue
        cut += [plain] if plain else []
        plain = ""
        for part in _BREAK_BEFORE.split(word):
            cut += _chopped(part, longest)
    return cut + ([plain] if plain else [])


def _width(text: str) -> float:
    """How wide the text is, in lower-case letters."""
    return sum(2.0 if unicodedata.east_asian_width(c) in "WF" or c in "WM@%" else 1.3 if c.isupper() else 1.0 for c in text)


def _chopped(part: str, longest: int) -> list[str]:
    chunks = [""]
    for character in part:
        if _width(chunks[-1] + character) > longest and not unicodedata.combining(character):
            chunks.append("")
        chunks[-1] += character
    return [chunk for chunk in chunks if chunk]


def short_labels(names: Sequence[str], longest: int = LONGEST_LABEL) -> list[str]:
    """A label of at most `longest` characters for each name, all different; "" where only the key can tell them apart.

    Long names keep the words in which they differ from most other long ones: cutting their middle would make them equal.
    """
    long = [set(_WORD.findall(name)) for name in names if len(name) > longest]
    counts = Counter(word for words in long for word in words)
    shared = {word for word, n in counts.items() if n > 1 and n * 2 > len(long)}
    labels = [name if len(name) <= longest else _shortened(name, shared, longest) for name in names]
    return [label if labels.count(label) == 1 else "" for label in labels]


def _shortened(name: str, shared: set[str], longest: int) -> str:
    matches = list(_WORD.finditer(name))
    kept = [match for match in matches if match.group() not in shared]
    if len(kept) in (0, len(matches)):
        return f"{name[: longest - 13].rstrip()}…{name[-12:].lstrip()}"
    # A bare number says little: it keeps the word before it, "group_050".
    wanted = {i for i, match in enumerate(matches) if match in kept}
    wanted |= {i - 1 for i in wanted if i and matches[i].group().isdigit()}
    text, end = "", 0
    for i in sorted(wanted):
        gap = name[end : matches[i].start()]
        text += ("…" if _WORD.search(gap) else gap) + matches[i].group()
        end = matches[i].end()
    text += "…" if _WORD.search(name[end:]) else ""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip(' _/…')}…"


def listed(words: Sequence[str]) -> str:
    """ "A", "A and B", "A, B and C"."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1] if words else ""


def runtime_name(key: str) -> str:
    """A runtime as people call it; its key where it has no other name."""
    return RUNTIMES[key].title if key in RUNTIMES else key


_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def spelled(count: int) -> str:
    """A small count as a word: "no", "one" … "twelve", then digits."""
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def plural(count: int, noun: str, several: str = "") -> str:
    """ "one warning", "two warnings"."""
    return f"{spelled(count)} {noun if count == 1 else several or noun + 's'}"


def sentence(text: str) -> str:
    """The text with a capital first letter and a full stop."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")


def threads(result: RunResult) -> str:
    """With how many threads the variants ran: "1 thread", "1 or 2 threads"; the run's own setting where none was measured."""
    counts = sorted({variant.threads for variant in result.measured}) or [result.plan.threads]
    return f"{' or '.join(str(count) for count in counts)} thread{'' if counts == [1] else 's'}"
