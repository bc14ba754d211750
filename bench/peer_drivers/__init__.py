"""One script a peer: the same conversations, an answer and a verdict each. They run in the peers' own environments."""
