"""What the Specs of several kinds of servings share: options, and values of templates."""
