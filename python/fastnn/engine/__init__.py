"""The engine: what a layer is, and how its computation enters a graph."""
