"""The base of all values that are written to and read from JSON."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen value that is written to and read from JSON.

    NaN and infinity (a loss that diverged) are written as strings: JSON has no other word for them, and they read back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")
