"""Files → one policy: what it extends, what lies over it, and its digest.

`ruleengine.resolve.requires` holds it against account and venue; it is imported where an account is at hand.
"""

from ruleengine.resolve.compose import Composed, compose, compose_with_sources
from ruleengine.resolve.digest import digest
from ruleengine.resolve.merge import Change
from ruleengine.resolve.parameters import ParameterValue

__all__ = [
    "Change",
    "Composed",
    "ParameterValue",
    "compose",
    "compose_with_sources",
    "digest",
]
