"""What reports are made of: decisions, trades, days and notes of any run or log, brought into one form.

`open.opened(paths)` gives an `Evidence` over dry-run folders, journals and imported logs alike; `form` has its tables.
"""
