"""From a stream of prices to bars and to the values of features: intervals, sessions, builders, sound series."""
