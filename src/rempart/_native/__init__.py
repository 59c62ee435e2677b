"""C11 kernels behind hand-written stubs; nothing outside `signals` and `index` imports them."""
