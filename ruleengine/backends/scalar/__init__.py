"""The graph as one generated module: what every live event runs."""
