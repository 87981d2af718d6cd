"""A registry of stories that break rules: each names the rules that it breaks, in order."""

BREACHES = {}


def breaks(*rules):
    """Decorate a function of a story whose statements break exactly these rules."""

    def register(story_of):
        BREACHES[story_of.__name__] = (story_of, list(rules))
        return story_of

    return register
