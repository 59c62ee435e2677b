"""placeholder"""
def detect(head: bytes) -> bool:
    return False
