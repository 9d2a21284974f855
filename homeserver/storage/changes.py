"""Reading the stream: the rows after a position, for a process or a client that was away.

The head comes from the counter in the same statement, never from the largest row. One statement: each kind answers
its rows as MessagePack-free columns `(position, kind, json)`-like records would cost more than they save, so kinds are
read as typed columns of one union.
"""
