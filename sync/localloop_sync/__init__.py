"""The sync engine: a pure core, narrow ports, and the drivers that stand behind them."""
