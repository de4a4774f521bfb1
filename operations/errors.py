"""Refusals: what a use case answers when it will not do what was asked, in words for whoever asked."""


class Refusal(Exception):
    """Something asked for is refused; nothing was changed.

    Args:
        message: one sentence: what is wrong and where.
        hint: the way out, if one is known.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()
