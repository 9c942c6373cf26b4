"""What the editor's templates draw: questions, tables, outline and rail as plain objects."""
