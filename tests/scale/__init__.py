"""What a day costs does not follow from how long the history before it is. Does not belong here: seconds (``bench``)."""
