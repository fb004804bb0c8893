"""Names in a report: keys, short labels that stay different from each other, and places where a long name may break.

Everything in a report refers to a variant by its letter, so that a name may be of any length.
"""

import re
from collections.abc import Sequence

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

    Words up to `longest` characters stay whole. A longer one is cut before `_ / : @`, and after `longest` characters.
    """
    cut: list[str] = []
    for word in re.split(r"(\s+)", name):
        if len(word) <= longest:
            cut.append(word)
            continue
        line = ""
        for part in _BREAK_BEFORE.split(word):
            for start in range(0, len(part), longest):
                bit = part[start : start + longest]
                if line and len(line) + len(bit) > longest:
                    cut.append(line)
                    line = ""
                line += bit
        cut.append(line)
    return [piece for piece in cut if piece]


def short_labels(names: Sequence[str], longest: int = LONGEST_LABEL) -> list[str]:
    """A label of at most `longest` characters for each name, all different; "" where only the key can tell them apart.

    Long names keep the tokens in which they differ from the other long ones: cutting their middle would make them equal.
    """
    long = [_WORD.findall(name) for name in names if len(name) > longest]
    shared = set.intersection(*(set(tokens) for tokens in long)) if len(long) > 1 else set()
    labels = [name if len(name) <= longest else _shortened(name, shared, longest) for name in names]
    return [label if labels.count(label) == 1 else "" for label in labels]


def _shortened(name: str, shared: set[str], longest: int) -> str:
    if not shared:
        return name[: longest - 13].rstrip() + "…" + name[-12:].lstrip()
    text, end = "", 0
    for match in _WORD.finditer(name):
        if match.group() in shared:
            continue
        gap = name[end : match.start()]
        text += ("…" if _WORD.search(gap) else gap) + match.group()
        end = match.end()
    if _WORD.search(name[end:]):
        text += "…"
    if len(text) <= longest:
        return text
    return text[: longest - 1].rstrip(" _/…") + "…"


def in_sentence(letter: str, name: str) -> str:
    """How a sentence calls a variant: by its name, or by its key if the name is too long to read on."""
    return name if len(name) <= LONGEST_IN_SENTENCE else f"Variant {letter}"


def listed(words: Sequence[str]) -> str:
    """ "A", "A and B", "A, B and C"."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1] if words else ""


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
