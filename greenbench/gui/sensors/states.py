"""How a power source stands: icon, colour and word, the same on the start page, under the badge and on the sensors page. No Qt."""

from dataclasses import dataclass

from greenbench.core.measurement import SourceState


@dataclass(frozen=True)
class State:
    """How a row stands: an icon, a tone and a word; `group` is the line it is counted under in the head of the page."""

    icon: str
    tone: str
    word: str
    group: str


STATES = {
    SourceState.IN_USE: State("check-circle", "success", "In use", "in use"),
    SourceState.STANDBY: State("pause-circle", "muted", "Standby", "standby or not added"),
    SourceState.PERMISSION: State("lock-simple", "warning", "Needs permission", "needs permission"),
    SourceState.ABSENT: State("prohibit", "muted", "Not present", "not present"),
    SourceState.SILENT: State("warning-octagon-fill", "danger", "No answer", "no answer"),
}
GROUPS = (
    ("in use", "check-circle", "success"),
    ("needs permission", "lock-simple", "warning"),
    ("no answer", "warning-octagon-fill", "danger"),
    ("standby or not added", "pause-circle", "muted"),
    ("not present", "prohibit", "muted"),
)
