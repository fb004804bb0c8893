"""The window. Qt lives here and nowhere else."""

# Pydantic must be whole before PySide6 watches imports: PySide6 looks into modules that are half loaded, and pydantic's lazy parts fail.
import greenbench.core.messages  # noqa: F401
