"""One file per way to reach somebody; `maskwatch.build` knows which file has which."""
