"""The words of the domain: pure Python and pydantic, no Qt, no torch. Everything else is built on these."""
