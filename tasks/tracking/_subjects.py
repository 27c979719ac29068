"""What runs are about, and the key that they hold while they change it."""


def of_organization(code: str) -> str:
    """The organization of this code."""
    return f"organization:{code}"
