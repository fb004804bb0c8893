"""The colours and shapes that the window and the report share: one palette for light, one for dark, and the marks of variants.

Derived from Okabe and Ito's set; the colours of variants reach 3:1 on their surface, so they paint marks and lines, never text.
"""

LIGHT = {
    "background": "#F3F5F4", "canvas": "#F7F8F8", "dots": "#DDE2E1", "surface": "#FFFFFF", "sunken": "#F6F8F7",
    "raised": "#FFFFFF", "hover": "#EDF1F0", "border": "#E2E6E5", "strong": "#C9D0CE", "text": "#182124",
    "second": "#3C484C", "muted": "#5C686C", "faint": "#8A9598", "accent": "#0A7563", "on_accent": "#FFFFFF",
    "accent_soft": "#E1F1ED", "selection": "#DCEFEA", "danger": "#B3261E", "danger_soft": "#FBE9E7",
    "warning": "#8A5A00", "warning_soft": "#FCF1DC", "success": "#1E7A3E", "success_soft": "#E4F3E8",
    "port_dataset": "#8C6A1E", "port_model": "#4F63C6", "port_results": "#9A3E74",
    "group_sources": "#3F6FB0", "group_train": "#6B57B8", "group_compress": "#0F7F8C", "group_distil": "#A5477F",
    "group_measure": "#A45F00", "group_report": "#5B676C",
}  # fmt: skip
DARK = {
    "background": "#111516", "canvas": "#141819", "dots": "#262D2F", "surface": "#1A1F21", "sunken": "#151A1B",
    "raised": "#22292B", "hover": "#232A2C", "border": "#2A3234", "strong": "#414C4F", "text": "#E7ECEC",
    "second": "#C4CDCE", "muted": "#9BA7AA", "faint": "#74817F", "accent": "#3CC3A6", "on_accent": "#04231C",
    "accent_soft": "#16332D", "selection": "#1C3F37", "danger": "#FF8F85", "danger_soft": "#3A1F1D",
    "warning": "#F0B64A", "warning_soft": "#35290F", "success": "#6BCB86", "success_soft": "#16301F",
    "port_dataset": "#D9B45C", "port_model": "#97A5F4", "port_results": "#E392BF",
    "group_sources": "#7FAEE8", "group_train": "#A999F0", "group_compress": "#4FC0CC", "group_distil": "#E08CBC",
    "group_measure": "#E5A94F", "group_report": "#A3AFB2",
}  # fmt: skip
VARIANTS_LIGHT = ("#3A444A", "#1A5597", "#B23A08", "#00926A", "#C08400", "#BB6BA5", "#1F97F4", "#949241")
VARIANTS_DARK = ("#D5DBDE", "#6E9BF0", "#EE6A2C", "#1FA673", "#EFB23A", "#D95FAB", "#6FD6F5", "#DFD08F")
SHAPES = ("circle", "square", "triangle", "diamond", "triangle-down", "hexagon", "plus", "star")
