def key_context(*a):
    return ""
