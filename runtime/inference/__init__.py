"""Models on devices: reading an IR, compiling it, running it."""
