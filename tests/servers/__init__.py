"""Stand-ins for foreign systems: real HTTP servers, each in a process of its own, with every fault on demand."""
