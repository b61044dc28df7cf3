"""Who feeds the engine: recorded events in one total order, a venue that speaks when it wants, a journal again."""
