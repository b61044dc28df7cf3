"""OANDA's v20 server, simulated: accounts, matching, margin, streams. Shares no code with the adapter."""

from adapters.oanda.simulator.application import OandaSimulator

__all__ = ["OandaSimulator", "simulator"]

simulator = OandaSimulator()
