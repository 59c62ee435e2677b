"""What a generator asks and makes: references checked, outputs checked, stamped and recorded."""
