create index embedding_unused on embedding (kind) where used_at is null
