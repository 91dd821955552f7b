"""The function that looks at what has no metric of AWS: the stream's state, and objects in its error area."""
