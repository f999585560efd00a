"""One module per package, a function per question that the package claims to answer, by its documented API."""
