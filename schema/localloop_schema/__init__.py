"""The store's schema: tables, documents, sessions and migrations. It knows nothing of syncing or of the program."""
