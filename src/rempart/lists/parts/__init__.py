"""Parts of listed pictures: local features, sealed, by which crops and collages of a listed picture are found."""
