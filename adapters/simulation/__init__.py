"""What the venues' simulators share: a seeded market that can be steered, a clock, faults, the control routes, a server
on loopback. Knows no venue."""
