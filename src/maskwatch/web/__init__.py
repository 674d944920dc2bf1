"""The REST API and the dashboard. Reads the store and the live hub; never touches the runtime."""
