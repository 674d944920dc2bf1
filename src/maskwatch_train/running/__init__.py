"""What training runs share: recipes, folders, loops, processors."""
