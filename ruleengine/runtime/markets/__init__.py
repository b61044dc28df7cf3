"""Each instrument at run time: prices, bars, days, features, hours."""
