"""What the rules refuse, in words for whoever wrote the value: every error here carries a way out."""


class RuleRefusal(Exception):
    """Something the rules cannot take as it stands.

    Args:
        message: one sentence: what is wrong, and of what.
        hint: what was expected instead, with an example where one helps.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class Unfit(RuleRefusal):
    """A value that does not fit the type of what it is given for."""


class NotDecidable(RuleRefusal):
    """A condition that cannot be compiled: a name nobody knows, a comparison its type cannot answer."""
