"""Trading policies as YAML: loaded, checked, compiled to a graph, executed and explained.

The packages are the stages: load, schema, resolve, typecheck, graph, backends, runtime. This module imports none of
them, so that a command pays only for what it uses.
"""

__version__ = "0.1.0"
