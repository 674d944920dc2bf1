"""What the service remembers: rows in SQLite or PostgreSQL, photos as files beside them.

SQL stays in this folder. Callers get a `maskwatch.store.store.Store` and frozen records
(`maskwatch.store.records`). The store's parts and what each is for::

    with Store.open(url, snapshots_folder) as store:
        store.transaction()   context manager: several writes, all or none
        store.episodes        violations of people, their timelines, corrections
        store.deliveries      messages to channels: the queue and its history
        store.people          everybody followed, for the compliance rate; counts
        store.readings        readings summed up per minute
        store.snapshots       photos: files with checksums
        store.room            the disk: what gives way when it is full
        store.reviews         faces that wait for a label
        store.audit           who did or looked at what, hash-chained
        store.users           who may log in
        store.sessions        browsers that are logged in
        store.tokens          tokens for programs
        store.cameras         cameras added in the dashboard
        store.walks           reports of acceptance walks
        store.health          changes in the health of cameras and box
        store.settings        small values by name; random secrets made once
        store.deletions       proof of what was deleted, when and why

Every method may raise `StoreError` when the database cannot be reached, and every writing one
`StoreFull` when the disk is full (where photos could make room, they have by then, so it is worth
another try). A store may be used from any number of threads.
"""
