"""The rules of Matrix as pure functions: no I/O, no clock, no randomness.

Everything a function needs from outside comes in as an argument. Imports: itself, a short list of the standard library,
`nacl`, `orjson` and `msgspec`.
"""
