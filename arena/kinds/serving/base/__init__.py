"""How objects of several kinds of servings are read."""
