"""Names of the vendor's package."""
from enum import Enum


class JoinAction(Enum):
    NONE = "none"
