"""What users and programs can do: the same for the REST API and the dashboard.

Each looks first whether the principal may: routes and the buttons of pages rely on that.
"""
