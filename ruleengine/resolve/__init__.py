"""Files → one policy: what it extends, what lies over it, its digest, and what it requires of account and venue."""

from ruleengine.resolve.compose import Composed, compose, compose_with_sources
from ruleengine.resolve.digest import digest
from ruleengine.resolve.merge import Change
from ruleengine.resolve.parameters import ParameterValue

__all__ = ["Change", "Composed", "ParameterValue", "compose", "compose_with_sources", "digest"]
