"""What policies can call: scalar functions, indicators over closed bars, running figures."""
