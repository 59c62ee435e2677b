"""What every table of settings has in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of `rempart.toml`: a name that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
