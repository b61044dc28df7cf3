"""One event in, one audit out."""
