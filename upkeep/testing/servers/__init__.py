"""Stand-ins for other systems: real HTTP servers on this machine, with every fault on demand.

A catalogue says as pure functions what a system answers. `threads.serving` serves it from this process,
`process.running` from one of its own, which is faster.
"""
