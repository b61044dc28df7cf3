"""The shape of a part: sections of a policy in a file of their own, so that each file can be read in one go.

A part has no life of its own: the policy that names it under `parts` is checked, versioned and run as a whole.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import create_model
from pydantic.fields import FieldInfo

from ruleengine.schema.base import Shape, key, optional
from ruleengine.schema.leaf import Words
from ruleengine.schema.policy import Policy

POLICY_ONLY = ("apiVersion", "kind", "metadata", "extends", "overrides", "removes", "parts", "requires")
"""Keys that say what a policy is and stands on; they stay in its own file."""

SECTIONS = tuple(name for name in Policy.model_fields if name not in POLICY_ONLY)
"""Keys of a policy that may stand in a part."""


class _Head(Shape):
    apiVersion: Literal["ruleengine/v1"] = key("version of the language", "ruleengine/v1")  # noqa: N815 - the key
    kind: Literal["Part"] = key("what this file is", "Part")
    doc: Words | None = optional("what it is about", "Margin and sizing, FX-01 to FX-04.")


def _section(field: FieldInfo) -> tuple[Any, Any]:
    """A section as the policy has it; one that a policy must have may still stand in another of its files."""
    if not field.is_required():
        return field.annotation, field
    example = (field.examples or [None])[0]
    return field.annotation | None, optional(field.description or "", example)  # type: ignore[operator]


def _made() -> type[_Head]:
    sections: Any = {name: _section(Policy.model_fields[name]) for name in SECTIONS}
    return create_model("Part", __base__=_Head, __doc__="A part of a policy.", **sections)


Part = _made()
