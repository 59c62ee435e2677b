"""The database, its migrations, durable work, and objects outside the database."""
