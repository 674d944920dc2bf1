"""How each kind of database is connected to: a module each, with ``engine_of`` an address."""
