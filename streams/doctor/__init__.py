"""Can every promise be kept here? One module a part of the answer."""
