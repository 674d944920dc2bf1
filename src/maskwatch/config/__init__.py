"""The service's configuration: YAML and environment in, one frozen value out.

Each section has a file here with one model of its own: ``site``, ``cameras``,
``inference``, ``alerts``, ``privacy``, ``storage``, ``web``. `maskwatch.config.root` puts them
together and reads them.
"""
