"""Training, evaluation and export of the models that maskwatch ships. Needs the extra [train]."""
