"""The backend that live trading and dry runs execute: one generated Python module for a policy."""

from ruleengine.backends.scalar.module import ScalarProgram

__all__ = ["ScalarProgram"]
