"""How fast a model runs here, and whether the machine is fit for it."""
