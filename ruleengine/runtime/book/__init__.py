"""What the account holds: balance, lots, trades, positions, and whose each of them is."""
