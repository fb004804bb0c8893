"""Where long words may break over lines: a label breaks at spaces only."""

import re

_LONG_WORD = 18
_JOINT = re.compile(r"[/\\_.:,;=-](?=.)")
_RUN = re.compile(rf"[^\u200b]{{{_LONG_WORD // 2}}}(?=[^\u200b]{{{_LONG_WORD // 2},}})")


def breakable(text: str) -> str:
    """Lets long paths and layer names break over lines: a label breaks at spaces only, and would be cut off. A word that has no
    joints breaks wherever the line is full."""
    return re.sub(rf"\S{{{_LONG_WORD},}}", lambda word: _RUN.sub("\\g<0>\u200b", _JOINT.sub("\\g<0>\u200b", word[0])), text)
