"""One intent, judged: guards, sizes and caps, and how a verdict is told."""
