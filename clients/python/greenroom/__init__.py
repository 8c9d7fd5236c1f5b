"""Greenroom's client: send turns to Claude agent sessions over NATS, read their answers as they come, search, approve."""

from .client import Client, Turn, connect
from .errors import GreenroomError

__all__ = ["Client", "GreenroomError", "Turn", "connect"]
__version__ = "0.1.0"
